// ONNX Runtime's training build, from artifacts that its Python package made. It steps by AdamW in all networks:
// no other optimiser of it works in browsers.

const LIBRARY = new URL('../node_modules/onnxruntime-web/dist/', import.meta.url);

export async function start({ artifacts, backend, batch, batches }) {
  const ort = await import(new URL('ort.training.wasm.min.mjs', LIBRARY));
  const n = backend === 'threads' ? navigator.hardwareConcurrency : 1;
  if (n > 1 && !crossOriginIsolated) {
    throw new Error('this page has no shared memory');
  }
  ort.env.wasm.numThreads = n;
  ort.env.wasm.wasmPaths = LIBRARY.href;
  const session = await ort.TrainingSession.create({
    checkpointState: `${artifacts}checkpoint`,
    trainModel: `${artifacts}training_model.onnx`,
    evalModel: `${artifacts}eval_model.onnx`,
    optimizerModel: `${artifacts}optimizer_model.onnx`,
  });
  const [images, labels] = session.trainingInputNames;
  const [loss] = session.trainingOutputNames;
  const data = batches.map(({ pixels, labels: digits }) => ({
    [images]: new ort.Tensor('float32', pixels, [batch, 1, 28, 28]),
    [labels]: new ort.Tensor('int64', BigInt64Array.from(digits, BigInt), [batch]),
  }));
  return async (idx) => {
    const results = await session.runTrainStep(data[idx]);
    await session.runOptimizerStep();
    await session.lazyResetGrad();
    return results[loss].data[0];
  };
}
