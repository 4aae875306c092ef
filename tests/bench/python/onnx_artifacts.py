"""Writes what ONNX Runtime's training build for browsers trains from.

Usage: python onnx_artifacts.py FOLDER < MODEL, as JSON. Into the folder go the
training, evaluation and optimiser graphs and the checkpoint of a network whose
weights are drawn uniformly. Needs onnxruntime-training (the last is 1.19),
onnx, torch, which that imports, and numpy.
"""

import json
import sys
from math import prod, sqrt

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.training import artifacts


class Graph:
    """ONNX nodes, one after another, and the parameters that they read."""

    def __init__(self):
        self.random = np.random.default_rng(7)
        self.nodes, self.parameters = [], []
        self.last = "images"

    def parameter(self, shape, fan_in):
        values = self.random.uniform(-1, 1, shape).astype(np.float32) / np.float32(sqrt(fan_in))
        name = f"parameter{len(self.parameters)}"
        self.parameters.append(numpy_helper.from_array(values, name))
        return name

    def node(self, operation, *inputs, **attributes):
        name = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, [self.last, *inputs], [name], **attributes))
        self.last = name


def forward(layers):
    """The logits of a network, (N, 10), from pictures, (N, 1, 28, 28)."""
    graph = Graph()
    shape = [1, 28, 28]
    for layer in layers:
        match layer["type"]:
            case "Conv2d":
                k, out = layer["kernel_size"], layer["out_channels"]
                stride, padding = layer.get("stride", 1), layer.get("padding", 0)
                fan_in = k * k * shape[0]
                weight = graph.parameter([out, shape[0], k, k], fan_in)
                bias = graph.parameter([out], fan_in)
                graph.node("Conv", weight, bias, kernel_shape=[k, k], strides=[stride] * 2, pads=[padding] * 4)
                size = (shape[1] + 2 * padding - k) // stride + 1
                shape = [out, size, size]
            case "Linear":
                n_in, out = shape[0], layer["out_features"]
                graph.node("Gemm", graph.parameter([out, n_in], n_in), graph.parameter([out], n_in), transB=1)
                shape = [out]
            case "MaxPool2d":
                k = layer["kernel_size"]
                graph.node("MaxPool", kernel_shape=[k, k], strides=[k, k])
                shape = [shape[0], shape[1] // k, shape[2] // k]
            case "AdaptiveAvgPool2d":
                if shape[1] > 1:
                    graph.node("GlobalAveragePool")
                shape = [shape[0], 1, 1]
            case "Flatten":
                graph.node("Flatten")
                shape = [prod(shape)]
            case "ReLU":
                graph.node("Relu")
            case other:
                sys.exit(f"no {other} here")
    graph.nodes[-1].output[0] = "logits"
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    inputs, outputs = [value("images", ["batch", 1, 28, 28])], [value("logits", ["batch", *shape])]
    built = helper.make_graph(graph.nodes, "forward", inputs, outputs, graph.parameters)
    model = helper.make_model(built, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def main(folder):
    model = forward(json.load(sys.stdin)["layers"])
    artifacts.generate_artifacts(
        model,
        requires_grad=[parameter.name for parameter in model.graph.initializer],
        loss=artifacts.LossType.CrossEntropyLoss,
        # The build for browsers fails on its SGD, which would have no momentum either.
        optimizer=artifacts.OptimType.AdamW,
        artifact_directory=folder,
    )


main(sys.argv[1])
