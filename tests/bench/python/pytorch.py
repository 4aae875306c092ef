"""Trains natively with PyTorch, told by lines of JSON, and answers with lines.

The first line: {"model", "optimiser", "batch", "threads", "pixels", "labels"},
pixels and labels of several batches as bytes in base64. Answer: {"millis": …},
how long it took to make the network and do the first step. Every other line,
{"steps", "millis"}, is that many steps, or as many as the time allows; answer:
{"millis": […], "loss"}.
"""

import base64
import json
import sys
from time import perf_counter

import torch
from torch import nn


def modules(layers):
    channels, size, features = 1, 28, None
    for layer in layers:
        match layer["type"]:
            case "Conv2d":
                k, out = layer["kernel_size"], layer["out_channels"]
                stride, padding = layer.get("stride", 1), layer.get("padding", 0)
                yield nn.Conv2d(channels, out, k, stride, padding)
                channels, size = out, (size + 2 * padding - k) // stride + 1
            case "Linear":
                yield nn.Linear(features, layer["out_features"])
                features = layer["out_features"]
            case "MaxPool2d":
                yield nn.MaxPool2d(layer["kernel_size"])
                size //= layer["kernel_size"]
            case "AdaptiveAvgPool2d":
                yield nn.AdaptiveAvgPool2d(1)
                size = 1
            case "Flatten":
                yield nn.Flatten()
                features = channels * size * size
            case "ReLU":
                yield nn.ReLU()
            case other:
                sys.exit(f"no {other} here")


def millis_since(started):
    return 1000 * (perf_counter() - started)


def answer(value):
    print(json.dumps(value), flush=True)


def main():
    task = json.loads(sys.stdin.readline())
    batch = task["batch"]
    torch.set_num_threads(task["threads"])
    torch.manual_seed(7)
    read = lambda name: torch.frombuffer(bytearray(base64.b64decode(task[name])), dtype=torch.uint8)
    images = (read("pixels").float() / 255).view(-1, batch, 1, 28, 28)
    labels = read("labels").long().view(-1, batch)
    started = perf_counter()
    network = nn.Sequential(*modules(task["model"]["layers"]))
    rate = task["optimiser"]["learning_rate"]
    if task["optimiser"]["type"] == "Adam":
        optimiser = torch.optim.Adam(network.parameters(), rate)
    else:
        optimiser = torch.optim.SGD(network.parameters(), rate, momentum=0.9)

    def step(idx):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(network(images[idx]), labels[idx])
        loss.backward()
        optimiser.step()
        return loss.item()

    step(0)
    answer({"millis": millis_since(started)})
    n = 0
    for line in sys.stdin:
        wanted = json.loads(line)
        millis, loss = [], None
        start = perf_counter()
        while len(millis) < wanted["steps"] and millis_since(start) < wanted["millis"]:
            started = perf_counter()
            loss = step(n % len(images))
            millis.append(millis_since(started))
            n += 1
        answer({"millis": millis, "loss": loss})


main()
