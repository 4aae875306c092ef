"""Runs the exports that verify.rs wrote, and compares their logits.

Usage: python verify.py FOLDER. Prints the largest absolute difference of each
export from this project's own logits, and fails where one is above 1e-4. The
learning rates of the PyTorch scripts are compared too, and how widely their
fresh weights are spread.
Exits with 3 where neither PyTorch nor ONNX Runtime is installed.
"""

import importlib.util
import math
import sys
from pathlib import Path

MOST = 1e-4
STEPS_PER_EPOCH = 11


def missing(*names):
    """The names of those packages that are not installed."""
    return [name for name in names if importlib.util.find_spec(name) is None]


def load_script(path):
    """A PyTorch script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def learning_rates(path, n_steps):
    """What a PyTorch script trains with, step by step."""
    script = load_script(path)
    optimizer = script.make_optimizer(script.make_model())
    scheduler = script.make_scheduler(optimizer, STEPS_PER_EPOCH, n_steps)
    rates = []
    for _ in range(n_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def spread(path):
    """How many standard errors a parameter's fresh weights lie, at most, from
    the spread of those that this project draws."""
    import torch
    from safetensors.torch import load_file

    script = load_script(path)
    torch.manual_seed(0)
    model = script.make_model()
    if hasattr(script, "draw_weights"):
        script.draw_weights(model)
    drawn = load_file(path.with_suffix(".drawn"))
    most = 0.0
    for name, parameter in model.named_parameters():
        ours, theirs = drawn[name], parameter.detach()
        if len(ours.unique()) == 1:
            same = torch.equal(ours, theirs)
            most = max(most, 0.0 if same else math.inf)
        elif ours.numel() >= 64:
            # The square of a number varies by less than √2 of its mean.
            error = 2 / math.sqrt(ours.numel())
            ratio = (theirs.square().mean() / ours.square().mean()).item()
            most = max(most, abs(ratio - 1) / error)
    return most


def train(path, images):
    """The loss of the second of two steps of a PyTorch script."""
    import torch

    script = load_script(path)
    model = script.make_model()
    optimizer = script.make_optimizer(model)
    scheduler = script.make_scheduler(optimizer, 1, 2)
    labels = torch.arange(len(images)) % 10
    batches = [(torch.from_numpy(images * 255).byte(), labels)]
    step = (model, script.make_loss(), optimizer, scheduler, batches, "cpu")
    script.train_epoch(*step)
    return script.train_epoch(*step)


def run_script(path, images):
    """The logits of a PyTorch script with its weights."""
    import torch
    from safetensors.torch import load_file

    script = load_script(path)
    model = script.make_model()
    model.load_state_dict(load_file(script.WEIGHTS))
    model.eval()
    with torch.no_grad():
        return model(torch.from_numpy(images)).numpy()


def run_onnx(path, images):
    """The logits of an ONNX file."""
    import onnxruntime

    if not missing("onnx"):
        import onnx

        onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(
        path, providers=["CPUExecutionProvider"]
    )
    return session.run(["logits"], {"images": images})[0]


def main():
    folder = Path(sys.argv[1])
    exports = []
    for name, ending, run, packages in (
        ("PyTorch", ".py", run_script, ("numpy", "safetensors", "torch")),
        ("ONNX", ".onnx", run_onnx, ("numpy", "safetensors", "onnxruntime")),
    ):
        absent = missing(*packages)
        if absent:
            print(f"SKIPPED: {name}, for lack of {', '.join(absent)}")
        else:
            exports.append((name, ending, run))
    if not exports:
        print("nothing was compared")
        sys.exit(3)

    from safetensors.numpy import load_file

    differences = []
    for path in sorted(folder.glob("*.expected")):
        expected = load_file(path)
        for name, ending, run in exports:
            logits = run(path.with_suffix(ending), expected["images"])
            assert logits.shape == expected["logits"].shape, logits.shape
            difference = abs(logits - expected["logits"]).max()
            verdict = "ok" if difference <= MOST else f"MORE than {MOST}"
            print(f"{path.stem:10} {name:8} {difference:.2e}  {verdict}")
            differences.append(difference)
            if ending == ".py":
                rates = expected["learning_rates"]
                ours = learning_rates(path.with_suffix(ending), len(rates))
                # Relative, for rates fall to a millionth of their highest.
                difference = (abs(ours - rates) / rates).max()
                verdict = "ok" if difference <= MOST else f"MORE than {MOST}"
                print(f"{path.stem:10} {'rates':8} {difference:.2e}  {verdict}")
                differences.append(difference)
                errors = spread(path.with_suffix(ending))
                verdict = "ok" if errors <= 5 else "NOT as ours are"
                print(f"{path.stem:10} {'draws':8} {errors:.1f} errors  {verdict}")
                differences.append(0 if errors <= 5 else math.inf)
                loss = train(path.with_suffix(ending), expected["images"])
                print(f"{path.stem:10} {'trains':8} to a loss of {loss:.4f}")
                differences.append(0 if math.isfinite(loss) else math.inf)
    if not differences:
        sys.exit(f"{folder} holds nothing to compare")
    print(f"largest difference: {max(differences):.2e}")
    sys.exit(0 if all(each <= MOST for each in differences) else 1)


if __name__ == "__main__":
    main()
