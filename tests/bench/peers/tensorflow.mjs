// TensorFlow.js: layers by hand, gradients by its optimisers' `minimize`, in its own layout, NHWC.

import { randomNumbers } from '../pictures.mjs';

const FOLDER = new URL('../node_modules/@tensorflow/', import.meta.url);

/** Its bundles are scripts, not modules. */
function load(path) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = new URL(path, FOLDER);
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${path} cannot be loaded`));
    document.head.append(script);
  });
}

export async function start({ model, optimiser, backend, batch, batches }) {
  await load('tfjs/dist/tf.min.js');
  if (backend === 'webgpu') {
    await load('tfjs-backend-webgpu/dist/tf-backend-webgpu.min.js');
  }
  const { tf } = window;
  if (!(await tf.setBackend(backend)) || tf.getBackend() !== backend) {
    throw new Error(`TensorFlow.js has no backend ${backend} here`);
  }
  await tf.ready();
  const random = randomNumbers(7);
  const variable = (shape, fanIn) => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (2 * random() - 1) / Math.sqrt(fanIn));
    return tf.variable(tf.tensor(values, shape));
  };
  let shape = [28, 28, 1];
  const layers = model.layers.map((layer) => {
    switch (layer.type) {
      case 'Conv2d': {
        const { out_channels: outChannels, kernel_size: k, stride = 1, padding = 0 } = layer;
        const fanIn = k * k * shape[2];
        const [weight, bias] = [variable([k, k, shape[2], outChannels], fanIn), variable([outChannels], fanIn)];
        const size = Math.floor((shape[0] + 2 * padding - k) / stride) + 1;
        shape = [size, size, outChannels];
        const pads = [[0, 0], [padding, padding], [padding, padding], [0, 0]];
        return (x) => tf.add(tf.conv2d(x, weight, stride, padding === 0 ? 'valid' : pads), bias);
      }
      case 'Linear': {
        const inFeatures = shape[0];
        const [weight, bias] = [variable([inFeatures, layer.out_features], inFeatures), variable([layer.out_features], inFeatures)];
        shape = [layer.out_features];
        return (x) => tf.add(tf.matMul(x, weight), bias);
      }
      case 'MaxPool2d': {
        const k = layer.kernel_size;
        shape = [Math.floor(shape[0] / k), Math.floor(shape[1] / k), shape[2]];
        return (x) => tf.maxPool(x, k, k, 'valid');
      }
      case 'AdaptiveAvgPool2d': {
        const [size] = shape;
        shape = [1, 1, shape[2]];
        return (x) => (size === 1 ? x : tf.avgPool(x, size, size, 'valid'));
      }
      case 'Flatten': {
        const n = shape.reduce((a, b) => a * b, 1);
        shape = [n];
        return (x) => tf.reshape(x, [-1, n]);
      }
      case 'ReLU':
        return (x) => tf.relu(x);
      default:
        throw new Error(`no ${layer.type} here`);
    }
  });
  const rule =
    optimiser.type === 'Adam' ? tf.train.adam(optimiser.learning_rate) : tf.train.momentum(optimiser.learning_rate, 0.9);
  const data = batches.map(({ pixels, labels }) => ({
    images: tf.tensor(pixels, [batch, 28, 28, 1]),
    labels: tf.oneHot(tf.tensor1d(Int32Array.from(labels), 'int32'), 10),
  }));
  return async (idx) => {
    const { images, labels } = data[idx];
    const loss = rule.minimize(() => {
      const logits = layers.reduce((x, layer) => layer(x), images);
      return tf.losses.softmaxCrossEntropy(labels, logits);
    }, true);
    const [value] = await loss.data();
    loss.dispose();
    return value;
  };
}
