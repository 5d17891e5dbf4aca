"""The cpu device beside PyTorch Geometric on one thread each, in one run.

    python bench/peers/pyg_speed.py --dir /tmp/pyg-speed --out bench/results/pyg-speed.json

For each preset graph and network: PyG's median forward time (edge_index, inference mode), then
gnnsched's median run time of the same weights on the same graph (one lane, one task at a time, as
report.json has it, resident objects uploaded), then PyG again; the ratio is of PyG's better median.
Outputs are compared before anything is timed. Needs torch, torch-geometric, safetensors, scipy.
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


def read_graph(folder):
    edge_index = torch.from_numpy(np.load(folder / "edge_index.npy"))
    if (folder / "x.npz").exists():
        x = sp.load_npz(folder / "x.npz").toarray()
    else:
        x = np.load(folder / "x.npy")
    return torch.from_numpy(x.astype(np.float32)), edge_index


def pyg_times(model, x, edge_index, repeats):
    with torch.inference_mode():
        times = []
        for _ in range(repeats + 1):
            start = time.perf_counter()
            out = model(x, edge_index)
            times.append((time.perf_counter() - start) * 1e3)
    return times[1:], out.numpy()


def gnnsched_times(command, folder, name, graph, repeats):
    workload = {
        "graphs": {"g": graph},
        "models": {"m": f"{name}.json"},
        "tasks": [{"id": "t", "tenant": "bench", "model": "m", "graph": "g", "count": repeats + 2}],
    }
    path = folder / f"{name}-{graph}.yaml"
    path.write_text(json.dumps(workload))
    out = folder / f"out-{name}-{graph}"
    run = subprocess.run([*command.split(), "run", str(path), "--policy", "sequential", "--lanes",
                          "1", "--out", str(out), "--quiet"], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stdout + run.stderr)
    tasks = json.loads((out / "report.json").read_text())["tasks"]
    return [task["runMs"] for task in tasks[2:]], np.load(out / "outputs" / "t_0.npy")


def spread(times):
    return {"medianMs": statistics.median(times), "minMs": min(times), "maxMs": max(times)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--command", default="npx gnnsched")
    parser.add_argument("--presets", default="cora,pubmed,PROTEINS_full,artist,amazon0601")
    parser.add_argument("--repeats", type=int, default=10)
    args = parser.parse_args()
    torch.set_num_threads(1)
    folder = pathlib.Path(args.dir)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for preset in args.presets.split(","):
        if not (folder / preset).exists():
            subprocess.run([*args.command.split(), "generate", "--preset", preset, "--out",
                            str(folder / preset)], check=True, capture_output=True)
        x, edge_index = read_graph(folder / preset)
        for name, (make, options) in NETWORKS.items():
            torch.manual_seed(1)
            config = dict(in_channels=x.shape[1], hidden_channels=HIDDEN, num_layers=LAYERS,
                          out_channels=OUT, **options)
            model = make(**config).eval()
            file = f"{name}-{preset}"
            save_file(model.state_dict(), str(folder / f"{file}.safetensors"))
            (folder / f"{file}.json").write_text(json.dumps({"architecture": name, **config}))
            before, want = pyg_times(model, x, edge_index, args.repeats)
            ours, got = gnnsched_times(args.command, folder, file, preset, args.repeats * 2)
            after, _ = pyg_times(model, x, edge_index, args.repeats)
            error = float(np.abs(got - want).max() / np.abs(want).max())
            assert error < 1e-4, f"{file}: outputs differ by {error}"
            best = min(statistics.median(before), statistics.median(after))
            row = {"graph": preset, "network": name, "pyg": spread(before + after),
                   "gnnsched": spread(ours), "ratio": best / statistics.median(ours)}
            rows.append(row)
            print(f"{preset:14} {name:10} PyG {best:9.2f} ms  gnnsched "
                  f"{row['gnnsched']['medianMs']:9.2f} ms  {row['ratio']:.1f}x", flush=True)
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                if line.startswith("model name")), platform.processor())
    result = {"machine": {"cpu": cpu, "threads": 1, "torch": torch.__version__},
              "date": datetime.date.today().isoformat(),
              "command": "python bench/peers/pyg_speed.py --repeats " + str(args.repeats),
              "network": {"hidden": HIDDEN, "out": OUT, "layers": LAYERS}, "rows": rows}
    pathlib.Path(args.out).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(args.out).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
