"""Random networks and graphs beside PyTorch Geometric, in one run.

    python bench/peers/pyg_check.py --cases 200 --seed 1 --dir /tmp/pyg-check

Writes one workload of random models (PyG's own basic GNNs, and SGC and APPNP made of its convolutions,
their state dicts as safetensors) and
graphs with self loops, duplicates, isolated nodes and edge weights, stored in every form that numpy,
scipy and safetensors give them, runs `npx gnnsched run` on it, and compares each output with PyG's in
float64. Needs torch, torch-geometric, safetensors, numpy.
"""
import argparse
import json
import pathlib
import subprocess
import sys

import numpy as np
import torch
import torch_geometric.nn as pyg
from torch_geometric.nn.resolver import activation_resolver
from safetensors.torch import save_file


class SGC(torch.nn.Module):
    """PyG has the convolution alone."""

    def __init__(self, in_channels, hidden_channels, num_layers, out_channels, act, K,
                 add_self_loops, bias):
        super().__init__()
        widths = [in_channels] + [hidden_channels] * (num_layers - 1) + [out_channels]
        self.convs = torch.nn.ModuleList(
            pyg.SGConv(*pair, K=K, add_self_loops=add_self_loops, bias=bias)
            for pair in zip(widths, widths[1:]))
        self.act = activation_resolver(act)

    def forward(self, x, edge_index, edge_weight=None):
        for i, conv in enumerate(self.convs):
            x = conv(self.act(x) if i > 0 else x, edge_index, edge_weight)
        return x


class APPNP(torch.nn.Module):
    """An MLP, then PyG's propagation."""

    def __init__(self, in_channels, hidden_channels, num_layers, out_channels, act, K, alpha,
                 add_self_loops, normalize, bias):
        super().__init__()
        widths = [in_channels] + [hidden_channels] * (num_layers - 1) + [out_channels]
        self.lins = torch.nn.ModuleList(
            torch.nn.Linear(*pair, bias=bias) for pair in zip(widths, widths[1:]))
        self.propagate = pyg.APPNP(K, alpha, add_self_loops=add_self_loops, normalize=normalize)
        self.act = activation_resolver(act)

    def forward(self, x, edge_index, edge_weight=None):
        for i, lin in enumerate(self.lins):
            x = lin(self.act(x) if i > 0 else x)
        return self.propagate(x, edge_index, edge_weight)


MODELS = {"GCN": pyg.models.GCN, "GraphSAGE": pyg.models.GraphSAGE, "GAT": pyg.models.GAT,
          "GATv2": lambda **config: pyg.models.GAT(v2=True, **config), "GIN": pyg.models.GIN,
          "SGC": SGC, "APPNP": APPNP}
WEIGHTED = {"GCN", "SGC", "APPNP"}
POOLS = {"add": pyg.global_add_pool, "mean": pyg.global_mean_pool, "max": pyg.global_max_pool}


def random_config(rng):
    arch = str(rng.choice(list(MODELS)))
    heads = int(rng.choice([1, 2, 4]))
    layers = int(rng.integers(1, 5))
    config = dict(
        in_channels=int(rng.integers(1, 40)),
        hidden_channels=int(rng.integers(1, 12)) * (heads if arch.startswith("GAT") else 1),
        num_layers=layers,
        out_channels=int(rng.integers(1, 12)) if rng.random() < 0.85 else None,
        act=str(rng.choice(["relu", "elu", "leaky_relu", "tanh", "sigmoid", "gelu", "silu"])),
        act_first=bool(rng.random() < 0.3),
        norm="batch_norm" if rng.random() < 0.4 else None,
        bias=bool(rng.random() < 0.8),
    )
    if arch == "GCN":
        config["normalize"] = bool(rng.random() < 0.85)
        if config["normalize"]:
            config["add_self_loops"] = bool(rng.random() < 0.8)
            config["improved"] = bool(rng.random() < 0.3)
    if arch == "GraphSAGE":
        config["aggr"] = str(rng.choice(["mean", "max", "sum"]))
        config["normalize"] = bool(rng.random() < 0.3)
        config["root_weight"] = bool(rng.random() < 0.8)
        config["project"] = bool(rng.random() < 0.3)
    if arch in ("SGC", "APPNP"):
        config["K"] = int(rng.integers(1, 12))
        config["add_self_loops"] = bool(rng.random() < 0.7)
        config["out_channels"] = int(rng.integers(1, 12))
        del config["act_first"], config["norm"]
    if arch == "APPNP":
        config["alpha"] = float(rng.choice([0.0, 0.1, 0.5, 1.0]))
        config["normalize"] = bool(rng.random() < 0.8)
    if arch == "GATv2":
        config["share_weights"] = bool(rng.random() < 0.4)
    if arch.startswith("GAT"):
        config["heads"] = heads
        config["concat"] = bool(rng.random() < 0.8)
        config["add_self_loops"] = bool(rng.random() < 0.7)
        config["negative_slope"] = float(rng.choice([0.2, 0.05]))
    if arch == "GIN":
        config["train_eps"] = bool(rng.random() < 0.5)
        del config["bias"]
    return arch, config


def random_graph(rng, width):
    nodes = int(rng.choice([1, 2, 7, 50, 300, 1000]))
    edges = int(rng.choice([0, 1, nodes, 4 * nodes, 20 * nodes]))
    edge_index = rng.integers(0, nodes, (2, edges))
    if edges > 4 and rng.random() < 0.5:  # a hub, duplicates, loops
        edge_index[1, : edges // 2] = 0
        edge_index[:, -1] = edge_index[:, -2]
        edge_index[1, -3] = edge_index[0, -3]
    sparse = rng.random() < 0.3
    x = rng.standard_normal((nodes, width)).astype(np.float32)
    if sparse:
        x *= rng.random((nodes, width)) < 0.2
    weight = rng.random(edges).astype(np.float32) + 0.1 if rng.random() < 0.4 else None
    batch = np.sort(rng.integers(0, max(1, nodes // 5), nodes)) if rng.random() < 0.4 else None
    return edge_index, x, sparse, weight, batch


def randomise(model, generator):
    for name, tensor in model.state_dict().items():
        if not tensor.is_floating_point():
            continue
        if name.endswith("running_var"):
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
        elif tensor.dim() < 2 or "att" in name or "running" in name:
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.5)


def save_sparse(path, x, rng):
    """scipy's CSR in any integer and float type, columns in any order."""
    import scipy.sparse as sp
    matrix = sp.csr_matrix(x)
    data, indices, indptr = matrix.data, matrix.indices, matrix.indptr
    if rng.random() < 0.5:
        for row in range(x.shape[0]):
            part = slice(indptr[row], indptr[row + 1])
            order = rng.permutation(part.stop - part.start) + part.start
            data[part], indices[part] = data[order], indices[order]
    save = np.savez if rng.random() < 0.5 else np.savez_compressed
    save(path, data=data.astype(rng.choice([np.float32, np.float64])),
         indices=indices.astype(rng.choice([np.int32, np.int64])),
         indptr=indptr.astype(rng.choice([np.int32, np.int64])),
         shape=np.array(x.shape), format=np.array(b"csr"))


def any_form(array, types, rng):
    """The same values in another type, or column-major."""
    array = array.astype(rng.choice(types))
    return np.asfortranarray(array) if rng.random() < 0.4 else array


def write_case(folder, index, rng, generator):
    arch, config = random_config(rng)
    edge_index, x, sparse, weight, batch = random_graph(rng, config["in_channels"])
    model = MODELS[arch](**config).eval()
    randomise(model, generator)
    stored = [torch.float32, torch.float32, torch.float64, torch.float16, torch.bfloat16]
    model = model.to(stored[rng.integers(len(stored))])
    pool = str(rng.choice(list(POOLS))) if batch is not None and rng.random() < 0.7 else None
    graph = folder / f"graph{index}"
    graph.mkdir(parents=True)
    np.save(graph / "edge_index.npy", any_form(edge_index, [np.int64, np.int32], rng))
    if sparse:
        save_sparse(graph / "x.npz", x, rng)
    else:
        np.save(graph / "x.npy", any_form(x, [np.float32, np.float64], rng))
    if weight is not None:
        np.save(graph / "edge_weight.npy", any_form(weight, [np.float32, np.float64], rng))
    if batch is not None:
        np.save(graph / "batch.npy", any_form(batch, [np.int64, np.int32], rng))
    nodes = None
    if pool is None and rng.random() < 0.4:
        nodes = [int(node) for node in rng.integers(0, x.shape[0], rng.integers(1, 20))]
    # cloned: safetensors takes no two names for the same memory, as shared weights have
    save_file({k: v.clone().contiguous() for k, v in model.state_dict().items()},
              str(folder / f"model{index}.safetensors"))
    (folder / f"model{index}.json").write_text(
        json.dumps({"architecture": arch, **config, "pooling": pool}))
    with torch.no_grad():
        args = [torch.from_numpy(x).double(), torch.from_numpy(edge_index)]
        model = model.double()
        if arch in WEIGHTED and weight is not None:
            out = model(*args, edge_weight=torch.from_numpy(weight).double())
        else:
            out = model(*args)
        if pool is not None:
            out = POOLS[pool](out, torch.from_numpy(batch.astype(np.int64)))
        if nodes is not None:
            out = out[nodes]
    return arch, config, pool, nodes, out.numpy()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--command", default="npx gnnsched", help="how to start gnnsched")
    parser.add_argument("--rtol", type=float, default=1e-4)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    generator = torch.Generator().manual_seed(args.seed)
    torch.manual_seed(args.seed)
    folder = pathlib.Path(args.dir)
    if folder.exists():
        sys.exit(f"{folder} exists already")
    cases = [write_case(folder, i, rng, generator) for i in range(args.cases)]
    numbers = range(args.cases)
    workload = {
        "graphs": {f"g{i}": f"graph{i}" for i in numbers},
        "models": {f"m{i}": f"model{i}.json" for i in numbers},
        "tasks": [{"id": f"t{i}", "tenant": "pyg", "model": f"m{i}", "graph": f"g{i}",
                   **({} if nodes is None else {"nodes": nodes})}
                  for i, (_, _, _, nodes, _) in enumerate(cases)],
    }
    (folder / "workload.yaml").write_text(json.dumps(workload))
    run = subprocess.run([*args.command.split(), "run", str(folder / "workload.yaml"), "--device",
                          args.device, "--out", str(folder / "out")], capture_output=True, text=True)
    if run.returncode != 0:
        print(run.stdout[-3000:], run.stderr[-3000:])
    worst, bad = 0.0, 0
    for i, (arch, config, pool, _, want) in enumerate(cases):
        path = folder / "out" / "outputs" / f"t{i}.npy"
        if not path.exists():
            bad += 1
            print(f"case {i}: no output; {arch} {config} pooling {pool}")
            continue
        got = np.load(path).astype(np.float64)
        scale = max(1e-6, float(np.abs(want).max(initial=0)))
        error = float(np.abs(got - want).max(initial=0)) / scale if got.shape == want.shape else np.inf
        worst = max(worst, error)
        if not error <= args.rtol:
            bad += 1
            print(f"case {i}: error {error:.3g}, shapes {got.shape} {want.shape}; {arch} {config} "
                  f"pooling {pool}")
    print(f"{args.cases} cases, {bad} wrong, largest error {worst:.3g} of the largest output")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
