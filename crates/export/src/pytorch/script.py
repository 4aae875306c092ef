r"""A network for handwritten digits, designed in Receptive, for PyTorch.

Install what it needs, then train it alone, on several processes of one
machine, or on several machines (the same command on each of them):

    pip install torch numpy safetensors
    python THIS_FILE.py
    torchrun --nproc-per-node 2 THIS_FILE.py
    torchrun --nnodes 4 --nproc-per-node 8 --rdzv-backend c10d \
        --rdzv-endpoint FIRST_MACHINE:29500 THIS_FILE.py

It starts from the weights that lie beside it, where there are any, unless
--fresh is given. With --epochs 0 it only measures them. MNIST is downloaded
on first use, into the folder that --data names.
"""

import argparse
import gzip
import os
import urllib.request
from pathlib import Path

import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch import nn
__FUNCTIONS__
from torch.nn.parallel import DistributedDataParallel
from torch.optim import lr_scheduler
from torch.utils.data import BatchSampler, DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler

WEIGHTS = Path(__file__).with_name(__WEIGHTS__)
MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/"

BATCH_SIZE = __BATCH_SIZE__  # pictures a step, of all processes together
SEED = __SEED__
__CLASSES__


def make_model():
    """The network; comments give the shape of each layer's output."""
    return __SEQUENTIAL__(
        __LAYERS__
    )


__DRAW_WEIGHTS__
def make_loss():
    """What training makes small: a function of outputs and labels."""
    __LOSS__


def make_optimizer(model):
    """The rule that turns gradients into steps."""
    __OPTIMIZER__


def make_scheduler(optimizer, steps_per_epoch, n_steps):
    """How the learning rate changes, from step to step of a whole run."""
    __SCHEDULER__


def read_idx(path):
    """The bytes of an IDX file, gzipped or not, as a tensor."""
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    n_dimensions = content[3]
    header = 4 + 4 * n_dimensions
    sizes = [
        int.from_bytes(content[start : start + 4], "big")
        for start in range(4, header, 4)
    ]
    numbers = bytearray(content[header:])
    return torch.frombuffer(numbers, dtype=torch.uint8).view(sizes)


def find(folder, name):
    """The path of one of MNIST's files, which is downloaded if need be."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            return path
    folder.mkdir(parents=True, exist_ok=True)
    print(f"downloading {name}.gz")
    unfinished = folder / f"{name}.{os.environ.get('RANK', 0)}.part"
    urllib.request.urlretrieve(f"{MIRROR}{name}.gz", unfinished)
    return unfinished.rename(path)


def load_mnist(folder, part):
    """Pictures [n, 1, 28, 28] and labels [n] of a part, "train" or "t10k"."""
    images = read_idx(find(folder, f"{part}-images-idx3-ubyte"))
    labels = read_idx(find(folder, f"{part}-labels-idx1-ubyte"))
    return images.unsqueeze(1), labels.long()


def to_pixels(images, device):
    """Bytes as the numbers that the network takes, 0 (paper) to 1 (ink)."""
    return images.to(device).float() / 255


__AUGMENT__
def train_epoch(model, loss_of, optimizer, scheduler, batches, device):
    """One pass over the pictures; returns the mean loss of this process."""
    model.train()
    total = 0.0
    for images, labels in batches:
        output = model(to_pixels(__IMAGES__, device))
        loss = loss_of(output, labels.to(device))
        optimizer.zero_grad()
        loss.backward()
        __PENALTIES__
        optimizer.step()
        scheduler.step()
        total += loss.item()
    return total / len(batches)


@torch.no_grad()
def evaluate(model, loss_of, images, labels, device, rank, world_size):
    """Mean loss and accuracy; each process measures a share of the data."""
    model.eval()
    if world_size > 1:
        # Running statistics are each process's own; the first one's count.
        for buffer in model.buffers():
            dist.broadcast(buffer, 0)
    totals = torch.zeros(2, dtype=torch.float64, device=device)
    for idx in torch.arange(rank, len(labels), world_size).split(1000):
        output = model(to_pixels(images[idx], device))
        expected = labels[idx].to(device)
        totals[0] += loss_of(output, expected) * len(idx)
        totals[1] += (output.argmax(dim=1) == expected).sum()
    if world_size > 1:
        dist.all_reduce(totals)
    loss, accuracy = (totals / len(labels)).tolist()
    return loss, accuracy


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--epochs", type=int, default=__EPOCHS__)
    add("--data", type=Path, metavar="DIR", default=Path("mnist"))
    start = parser.add_mutually_exclusive_group()
    start.add_argument(
        "--weights", type=Path, metavar="FILE", help="what to start from"
    )
    start.add_argument(
        "--fresh", action="store_true", help="start from random weights"
    )
    add("--out", type=Path, metavar="FILE", default="trained.safetensors")
    args = parser.parse_args()

    # torchrun starts one process for each GPU, or as many as it is told, and
    # gives each of them its number.
    world_size = int(os.environ.get("WORLD_SIZE", 1))
    rank = int(os.environ.get("RANK", 0))
    local_rank = int(os.environ.get("LOCAL_RANK", 0))
    if BATCH_SIZE % world_size != 0:
        parser.error(f"{world_size} processes cannot share {BATCH_SIZE}")
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
    if world_size > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        # The first process of each machine downloads; the others wait for it.
        if local_rank == 0:
            load_mnist(args.data, "train")
            load_mnist(args.data, "t10k")
        dist.barrier()

    # Every twelfth picture is held back, to compare settings by.
    images, labels = load_mnist(args.data, "train")
    generator = torch.Generator().manual_seed(SEED)
    order = torch.randperm(len(labels), generator=generator)
    held_back, kept = order.tensor_split([len(labels) // 12])
    validation = images[held_back], labels[held_back]
    dataset = TensorDataset(images[kept], labels[kept])
    sampler = DistributedSampler(
        dataset, world_size, rank, seed=SEED % 2**63, drop_last=True
    )
    # The sampler gives whole batches, so there is nothing left to batch.
    batch_sampler = BatchSampler(
        sampler, BATCH_SIZE // world_size, drop_last=True
    )
    batches = DataLoader(dataset, sampler=batch_sampler, batch_size=None)
    if args.epochs > 0 and len(batches) == 0:
        parser.error(f"{len(dataset)} images do not fill one batch")

    torch.manual_seed(SEED)
    model = make_model().to(device)
    __DRAW__
    weights = args.weights or WEIGHTS
    if args.weights or (weights.exists() and not args.fresh):
        model.load_state_dict(load_file(weights))
    elif rank == 0:
        reason = "" if args.fresh else f"there is no {weights.name}: "
        print(f"{reason}the weights are random")
    __FREEZE__
    loss_of = make_loss()
    optimizer = make_optimizer(model)
    n_steps = args.epochs * len(batches)
    scheduler = make_scheduler(optimizer, len(batches), max(1, n_steps))
    trained = model
    if world_size > 1:
        # Averages the gradients of all processes in every step.
        trained = DistributedDataParallel(model)

    for epoch in range(args.epochs):
        sampler.set_epoch(epoch)
        train_loss = train_epoch(
            trained, loss_of, optimizer, scheduler, batches, device
        )
        loss, accuracy = evaluate(
            model, loss_of, *validation, device, rank, world_size
        )
        if rank == 0:
            print(
                f"epoch {epoch + 1}: training loss {train_loss:.4f}, "
                f"validation loss {loss:.4f}, accuracy {accuracy:.2%}"
            )

    test = load_mnist(args.data, "t10k")
    loss, accuracy = evaluate(
        model, loss_of, *test, device, rank, world_size
    )
    if rank == 0:
        print(f"test loss {loss:.4f}, accuracy {accuracy:.2%}")
        if args.epochs > 0:
            save_file(model.state_dict(), args.out)
            print(f"weights written to {args.out}")
    if world_size > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
