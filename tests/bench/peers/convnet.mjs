// ConvNetJS: one picture after another. It has no Adam, so that it steps with momentum in all networks.

const SCRIPT = new URL('../node_modules/convnetjs/build/convnet.js', import.meta.url);

export async function start({ model, optimiser, batch, batches }) {
  const source = await (await fetch(SCRIPT)).text();
  const convnetjs = new Function(`${source}; return convnetjs;`)();
  const definitions = [{ type: 'input', out_sx: 28, out_sy: 28, out_depth: 1 }];
  model.layers.forEach((layer, idx) => {
    const activation = model.layers[idx + 1]?.type === 'ReLU' ? 'relu' : undefined;
    if (layer.type === 'Conv2d') {
      const { kernel_size: sx, out_channels: filters, stride = 1, padding: pad = 0 } = layer;
      definitions.push({ type: 'conv', sx, filters, stride, pad, activation });
    } else if (layer.type === 'MaxPool2d') {
      definitions.push({ type: 'pool', sx: layer.kernel_size, stride: layer.kernel_size });
    } else if (layer.type === 'Linear' && idx < model.layers.length - 1) {
      definitions.push({ type: 'fc', num_neurons: layer.out_features, activation });
    } else if (!['ReLU', 'Flatten', 'Linear', 'AdaptiveAvgPool2d'].includes(layer.type)) {
      throw new Error(`no ${layer.type} here`);
    }
  });
  // Its softmax layer brings a last linear layer along, which the strided network has not: 110 numbers more. That network's
  // average is of one cell, and left out.
  definitions.push({ type: 'softmax', num_classes: 10 });
  const net = new convnetjs.Net();
  net.makeLayers(definitions);
  const rate = optimiser.type === 'Adam' ? 0.01 : optimiser.learning_rate;
  const trainer = new convnetjs.SGDTrainer(net, { method: 'sgd', learning_rate: rate, momentum: 0.9, batch_size: batch });
  const data = batches.map(({ pixels, labels }) =>
    Array.from(labels, (label, idx) => {
      const picture = new convnetjs.Vol(28, 28, 1, 0);
      picture.w.set(pixels.subarray(idx * 784, (idx + 1) * 784));
      return { picture, label };
    }),
  );
  return async (idx) => {
    let total = 0;
    for (const { picture, label } of data[idx]) {
      total += trainer.train(picture, label).loss;
    }
    return total / batch;
  };
}
