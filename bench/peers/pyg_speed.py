"""gnnsched beside PyTorch Geometric in one run, on the CPU (one thread each) or on a GPU.

    python bench/peers/pyg_speed.py --dir /tmp/pyg-speed --out bench/results/pyg-speed-cpu.json
    python bench/peers/pyg_speed.py --device cuda --dir /tmp/pyg-speed --out bench/results/pyg-speed-gpu.json

For each preset graph and network: PyG's median forward time (inference mode) by edge_index, by a sparse
CSR adjacency and, on a GPU, by the latter under a CUDA graph; then gnnsched's of the same weights on the
same graph (one lane, one task at a time, resident objects uploaded); then PyG again. A ratio is of PyG's
better median. Outputs are compared before anything is timed, peak memory stands beside. gnnsched's
`runMs` is from start to result as report.json has it; `deviceMs` from the first operator to the end of
the last, by the device's own clock. Needs torch, torch-geometric, safetensors, scipy.
"""
import argparse
import datetime
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import numpy as np
import scipy.sparse as sp
import torch
import torch_geometric.nn as pyg
from safetensors.torch import save_file

NETWORKS = {
    "GCN": (pyg.models.GCN, {}),
    "GraphSAGE": (pyg.models.GraphSAGE, {}),
    "GAT": (pyg.models.GAT, {"heads": 8}),
    "GIN": (pyg.models.GIN, {}),
}
HIDDEN, OUT, LAYERS = 64, 16, 2
WARM = 3


def read_graph(folder):
    edge_index = torch.from_numpy(np.load(folder / "edge_index.npy"))
    if (folder / "x.npz").exists():
        x = sp.load_npz(folder / "x.npz").toarray()
    else:
        x = np.load(folder / "x.npy")
    return torch.from_numpy(x.astype(np.float32)), edge_index


def adjacency(edge_index, nodes):
    """Rows are targets, as torch.sparse.mm aggregates."""
    values = torch.ones(edge_index.shape[1], device=edge_index.device)
    return torch.sparse_coo_tensor(edge_index.flip(0), values, (nodes, nodes)).to_sparse_csr()


class Clock:
    """Milliseconds of one call: events on a GPU, the wall clock else."""

    def __init__(self, device):
        self.cuda = device == "cuda"

    def time(self, call):
        if not self.cuda:
            start = time.perf_counter()
            call()
            return (time.perf_counter() - start) * 1e3
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call()
        end.record()
        end.synchronize()
        return start.elapsed_time(end)


class Path:
    """One way to run PyG: what it takes over all turns, or why it cannot."""

    def __init__(self, name, prepare, device):
        self.name, self.prepare, self.device = name, prepare, device
        self.times, self.problem, self.peak_bytes = [], None, None

    def turn(self, repeats):
        if self.problem is not None:
            return
        clock = Clock(self.device)
        try:
            with torch.inference_mode():
                call = self.prepare()
                for _ in range(WARM):
                    call()
                if self.device == "cuda":
                    torch.cuda.reset_peak_memory_stats()
                self.times.append([clock.time(call) for _ in range(repeats)])
                if self.device == "cuda":
                    self.peak_bytes = torch.cuda.max_memory_allocated()
        except Exception as error:  # what PyG cannot do is a result
            self.problem = f"{type(error).__name__}: {str(error).splitlines()[0]}"

    def best(self):
        return None if self.problem else min(statistics.median(turn) for turn in self.times)

    def json(self):
        if self.problem:
            return {"name": self.name, "problem": self.problem}
        flat = [ms for turn in self.times for ms in turn]
        return {"name": self.name, **spread(flat), "bestMedianMs": self.best(),
                "peakBytes": self.peak_bytes}


def captured(call):
    """The same work as one CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM):
            call()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph.replay


def paths_of(model, x, edge_index, device):
    csr = adjacency(edge_index, x.shape[0])
    with torch.inference_mode():
        a, b = model(x, edge_index), model(x, csr)
    assert (a - b).abs().max() <= 1e-4 * a.abs().max(), "PyG's paths differ"
    paths = [Path("edge_index", lambda: lambda: model(x, edge_index), device),
             Path("CSR", lambda: lambda: model(x, csr), device)]
    if device == "cuda":
        paths.append(Path("CSR, CUDA graph", lambda: captured(lambda: model(x, csr)), device))
    return paths


def gnnsched_run(args, folder, name, graph):
    workload = {
        "graphs": {"g": graph},
        "models": {"m": f"{name}.json"},
        "tasks": [{"id": "t", "tenant": "bench", "model": "m", "graph": "g",
                   "count": args.repeats * 2 + WARM}],
    }
    path = folder / f"{name}-{graph}.yaml"
    path.write_text(json.dumps(workload))
    out = folder / f"out-{name}-{graph}"
    run = subprocess.run([*args.command.split(), "run", str(path), "--device", args.device,
                          "--policy", "sequential", "--lanes", "1", "--no-share", "--out", str(out), "--quiet",
                          *args.flags.split()], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stdout + run.stderr)
    tasks = json.loads((out / "report.json").read_text())["tasks"][WARM:]
    operators = {}
    for event in json.loads((out / "trace.json").read_text())["traceEvents"]:
        if event.get("cat") == "operator":
            start, end = event["ts"], event["ts"] + event["dur"]
            first, last = operators.get(event["args"]["task"], (start, end))
            operators[event["args"]["task"]] = (min(first, start), max(last, end))
    device_ms = [(last - first) / 1e3 for first, last in
                 (operators[task["id"]] for task in tasks if task["id"] in operators)]
    result = {"run": spread([task["runMs"] for task in tasks]),
              "device": spread(device_ms) if device_ms else None,
              "peakBytes": max(task["measuredPeakBytes"] for task in tasks)}
    return result, np.load(out / "outputs" / "t_0.npy")


def spread(times):
    return {"medianMs": statistics.median(times), "minMs": min(times), "maxMs": max(times)}


def one_row(args, folder, preset, name, x, edge_index):
    make, options = NETWORKS[name]
    torch.manual_seed(1)
    config = dict(in_channels=x.shape[1], hidden_channels=HIDDEN, num_layers=LAYERS,
                  out_channels=OUT, **options)
    model = make(**config).eval()
    file = f"{name}-{preset}"
    save_file(model.state_dict(), str(folder / f"{file}.safetensors"))
    (folder / f"{file}.json").write_text(json.dumps({"architecture": name, **config}))
    model, x, edge_index = model.to(args.device), x.to(args.device), edge_index.to(args.device)
    with torch.inference_mode():
        want = model(x, edge_index).cpu().numpy()
    paths = paths_of(model, x, edge_index, args.device)
    for path in paths:
        path.turn(args.repeats)
    ours, got = gnnsched_run(args, folder, file, preset)
    error = float(np.abs(got - want).max() / np.abs(want).max())
    assert error < args.tolerance, f"{file}: outputs differ by {error}"
    for path in paths:
        path.turn(args.repeats)
    mine = (ours["device"] or ours["run"]) if args.device == "cuda" else ours["run"]
    ratios = {path.name: path.best() / mine["medianMs"] for path in paths if not path.problem}
    return {"graph": preset, "network": name, "error": error, "gnnsched": ours,
            "pyg": [path.json() for path in paths], "ratios": ratios}


def machine(device):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                if line.startswith("model name")), platform.processor())
    known = {"cpu": cpu, "threads": torch.get_num_threads(), "torch": torch.__version__}
    if device == "cuda":
        driver = subprocess.run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
                                capture_output=True, text=True).stdout.strip()
        known |= {"gpu": torch.cuda.get_device_name(), "driver": driver}
    return known


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", required=True, help="for graphs, weights and reports")
    parser.add_argument("--out", required=True)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--command", default="npx gnnsched")
    parser.add_argument("--flags", default="", help="more flags of gnnsched run")
    parser.add_argument("--presets", default="cora,pubmed,PROTEINS_full,artist,amazon0601")
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    args = parser.parse_args()
    if args.device == "cpu":
        torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    folder = pathlib.Path(args.dir)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for preset in args.presets.split(","):
        if not (folder / preset).exists():
            subprocess.run([*args.command.split(), "generate", "--preset", preset, "--out",
                            str(folder / preset)], check=True, capture_output=True)
        x, edge_index = read_graph(folder / preset)
        for name in args.networks.split(","):
            row = one_row(args, folder, preset, name, x, edge_index)
            rows.append(row)
            ratios = "  ".join(f"{path} {ratio:.1f}x" for path, ratio in row["ratios"].items())
            print(f"{preset:14} {name:10} gnnsched {row['gnnsched']['run']['medianMs']:9.3f} ms  "
                  f"{ratios}", flush=True)
    result = {"bench": "pyg-speed", "device": args.device, "machine": machine(args.device),
              "date": datetime.date.today().isoformat(),
              "command": f"python bench/peers/pyg_speed.py --device {args.device} "
                         f"--repeats {args.repeats}",
              "network": {"hidden": HIDDEN, "out": OUT, "layers": LAYERS}, "rows": rows}
    pathlib.Path(args.out).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(args.out).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
