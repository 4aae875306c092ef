// jax-js: the whole step, gradients and optimiser, under one `jit`. Arrays are moved into what uses them; `.ref` keeps one.

import { init, defaultDevice, jit, lax, nn, numpy as np, valueAndGrad } from '../node_modules/@jax-js/jax/dist/index.js';

import { randomNumbers } from '../pictures.mjs';

export async function start({ model, optimiser, backend, batch, batches }) {
  const devices = await init(backend);
  if (!devices.includes(backend)) {
    throw new Error(`jax-js has no device ${backend} here`);
  }
  defaultDevice(backend);
  const random = randomNumbers(7);
  const parameters = [];
  const parameter = (shape, fanIn) => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (2 * random() - 1) / Math.sqrt(fanIn));
    parameters.push(np.array(values, { shape }));
    return parameters.length - 1;
  };
  let shape = [1, 28, 28];
  const layers = model.layers.map((layer) => {
    switch (layer.type) {
      case 'Conv2d': {
        const { out_channels: outChannels, kernel_size: k, stride = 1, padding = 0 } = layer;
        const fanIn = k * k * shape[0];
        const weight = parameter([outChannels, shape[0], k, k], fanIn);
        const bias = parameter([1, outChannels, 1, 1], fanIn);
        const size = Math.floor((shape[1] + 2 * padding - k) / stride) + 1;
        shape = [outChannels, size, size];
        const pads = [[padding, padding], [padding, padding]];
        return (x, p) => lax.conv(x, p[weight], [stride, stride], pads).add(p[bias]);
      }
      case 'Linear': {
        const inFeatures = shape[0];
        const weight = parameter([inFeatures, layer.out_features], inFeatures);
        const bias = parameter([layer.out_features], inFeatures);
        shape = [layer.out_features];
        return (x, p) => np.dot(x, p[weight]).add(p[bias]);
      }
      case 'MaxPool2d': {
        const k = layer.kernel_size;
        shape = [shape[0], Math.floor(shape[1] / k), Math.floor(shape[2] / k)];
        return (x) => lax.reduceWindow(x, np.max, [k, k], [k, k]);
      }
      case 'AdaptiveAvgPool2d': {
        const [, size] = shape;
        shape = [shape[0], 1, 1];
        return (x) => (size === 1 ? x : np.mean(x, [2, 3], { keepdims: true }));
      }
      case 'Flatten': {
        const n = shape.reduce((a, b) => a * b, 1);
        shape = [n];
        return (x) => x.reshape([batch, n]);
      }
      case 'ReLU':
        return (x) => nn.relu(x);
      default:
        throw new Error(`no ${layer.type} here`);
    }
  });
  const lossOf = (p, images, labels) => {
    const logits = layers.reduce((x, layer) => layer(x, p), images);
    return np.sum(nn.logSoftmax(logits).mul(labels)).mul(-1 / batch);
  };
  const isAdam = optimiser.type === 'Adam';
  const zeros = () => parameters.map((array) => np.zeros(array.shape));
  let states = isAdam ? [zeros(), zeros()] : [zeros()];
  // `rate` holds the learning rate, with Adam's correction of the step's number in it.
  const step = jit((p, states, images, labels, rate) => {
    const kept = p.map((array) => array.ref);
    const [loss, gradients] = valueAndGrad(lossOf)(p, images, labels);
    const next = gradients.map((gradient, idx) => {
      if (!isAdam) {
        const velocity = states[0][idx].mul(0.9).add(gradient);
        return [kept[idx].sub(velocity.ref.mul(rate.ref)), velocity];
      }
      const mean = states[0][idx].mul(0.9).add(gradient.ref.mul(0.1));
      const square = states[1][idx].mul(0.999).add(gradient.ref.mul(gradient).mul(0.001));
      const change = mean.ref.div(np.sqrt(square.ref).add(1e-8)).mul(rate.ref);
      return [kept[idx].sub(change), mean, square];
    });
    rate.dispose();
    const nextStates = states.map((_, state) => next.map((arrays) => arrays[state + 1]));
    return [loss, next.map(([array]) => array), nextStates];
  });
  const data = batches.map(({ pixels, labels }) => {
    const oneHot = new Float32Array(batch * 10);
    labels.forEach((label, idx) => {
      oneHot[10 * idx + label] = 1;
    });
    return { images: np.array(pixels, { shape: [batch, 1, 28, 28] }), labels: np.array(oneHot, { shape: [batch, 10] }) };
  });
  let current = parameters;
  let n = 0;
  return async (idx) => {
    n += 1;
    const correction = isAdam ? Math.sqrt(1 - 0.999 ** n) / (1 - 0.9 ** n) : 1;
    const rate = np.array(optimiser.learning_rate * correction);
    const { images, labels } = data[idx];
    const [loss, nextParameters, nextStates] = step(current, states, images.ref, labels.ref, rate);
    [current, states] = [nextParameters, nextStates];
    return (await loss.data())[0];
  };
}
