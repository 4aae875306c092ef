/**
 * `window.receptive`: what the page can do, for scripts. What a script does, the page shows.
 * Every promise rejects with an `Error` whose message names the argument that does not fit, or says what failed.
 *
 * ```js
 * await receptive.ready;
 * await receptive.setModel("lenet5");
 * const { step, validation } = await receptive.train({ epochs: 1 });
 * ```
 */
export interface Receptive {
  /** Resolves when the worker has data and a network. */
  readonly ready: Promise<void>;
  /** Which engine runs; `null` until that is known. */
  backend(): BackendStatus | null;
  /**
   * Moves to another backend, with the weights and the optimiser's moments. "auto" is whichever takes the network's
   * training steps fastest: that is tried while nothing trains, and a `backend` event says what came of it.
   */
  setBackend(backend: "auto" | "gpu" | "cpu"): Promise<void>;
  /**
   * Shares training steps on the CPU among 1 to 16 workers, from the next step on; "auto" for as many as are fastest, from
   * the next run on. The same number of workers gives the same losses, bit for bit; another number differs by rounding.
   * Where not all of them can be had, `backend().problem` says so.
   */
  setWorkers(workers: number | "auto"): Promise<void>;
  /** The network on screen. */
  model(): Model;
  /** Replaces the network by a preset ("s", "normed", "residual", "f", "l", "lenet5", "linear", "mlp") or by a description of one. */
  setModel(model: string | Model): Promise<void>;
  /** Loads a data set: the built-in digits, MNIST, or four IDX files. */
  loadData(source: "generated" | "mnist" | File[]): Promise<void>;
  /** Trains; resolves when the run has ended. Without an argument it goes on until `pause()`. */
  train(until?: { steps: number } | { epochs: number }): Promise<Trained>;
  /** Ends the run in progress after the step under way. */
  pause(): Promise<void>;
  /** One training step. */
  step(): Promise<Trained>;
  /** Back to the initial weights, of the same seed or of another. */
  reset(to?: { seed?: number }): Promise<void>;
  /** Loss, accuracy and confusion over a whole split. The test set is looked at only here. */
  evaluate(split: "train" | "validation" | "test"): Promise<Evaluation>;
  /** Classifies a picture of 28×28 numbers, 0 paper to 1 ink, row by row. */
  predict(pixels: Float32Array): Promise<{ class: number; probabilities: number[] }>;
  /** The output of a layer, counted from 0, for the selected picture; the shape is without the batch. */
  activations(layerIdx: number): Promise<{ shape: number[]; data: Float32Array }>;
  /**
   * The network as a file for other programs: a Python script that trains it with PyTorch (from the safetensors file
   * beside it), an ONNX file with the weights inside, or the weights alone.
   */
  export(format: "pytorch" | "onnx" | "safetensors"): Promise<{ fileName: string; bytes: Uint8Array }>;
  /** All weights as a safetensors file with PyTorch's names. */
  weights(): Promise<Uint8Array>;
  /** Replaces the weights by a safetensors file with the network's names and shapes. */
  setWeights(bytes: Uint8Array | ArrayBuffer): Promise<void>;
  /** The training options in force. */
  options(): TrainingOptions;
  /** Changes some of the training options. */
  setOptions(options: PartialOptions): Promise<void>;
  /** Calls back with every event of this name; returns the function that ends that. */
  on<Name extends keyof Events>(event: Name, callback: (event: Events[Name]) => void): () => void;
}

export interface Model {
  version: 1;
  /** `[channels, height, width]` */
  input: [number, number, number];
  layers: Layer[];
}

/** One number for height and width alike, or `[height, width]`. */
export type Pair = number | [number, number];

export type Layer =
  | { type: "Conv2d"; out_channels: number; kernel_size: Pair; stride?: Pair; padding?: Pair; dilation?: Pair; groups?: number; bias?: boolean }
  | { type: "BatchNorm2d"; eps?: number; momentum?: number; affine?: boolean; track_running_stats?: boolean }
  | { type: "MaxPool2d" | "AvgPool2d"; kernel_size: Pair; stride?: Pair; padding?: Pair }
  | { type: "AdaptiveAvgPool2d"; output_size: Pair }
  | { type: "Linear"; out_features: number; bias?: boolean }
  | { type: "LeakyReLU"; negative_slope?: number }
  | { type: "ELU"; alpha?: number }
  | { type: "GELU"; approximate?: "none" | "tanh" }
  | { type: "Dropout"; p?: number }
  /** Adds what layer `from` receives: the end of a block that begins there. */
  | { type: "Residual"; from: number }
  | { type: "Flatten" | "ReLU" | "Sigmoid" | "Tanh" | "Softmax" | "LogSoftmax" };

export type Optimiser =
  | { type: "SGD"; momentum: number; dampening: number; nesterov: boolean; weight_decay: number }
  | { type: "Adam" | "AdamW"; betas: [number, number]; eps: number; weight_decay: number }
  | { type: "RMSprop"; alpha: number; eps: number; momentum: number; centered: boolean; weight_decay: number }
  | { type: "Adagrad"; lr_decay: number; eps: number; initial_accumulator_value: number; weight_decay: number };

/** What is left out has PyTorch's usual value; durations are in epochs. `learning_rate` is the highest of the schedule. */
export type Schedule =
  | { type: "Constant" }
  | { type: "StepLR"; step_size?: number; gamma?: number }
  | { type: "ExponentialLR"; gamma?: number }
  | { type: "CosineAnnealingLR"; eta_min?: number }
  | { type: "CyclicLR"; base_lr?: number; step_size_up?: number; step_size_down?: number | null; cycle_momentum?: boolean; base_momentum?: number; max_momentum?: number }
  | { type: "OneCycleLR"; pct_start?: number; div_factor?: number; final_div_factor?: number; cycle_momentum?: boolean; base_momentum?: number; max_momentum?: number };

/** All but the first two compare with one-hot targets; NLLLoss wants a network that ends in LogSoftmax. */
export type Loss =
  | { type: "CrossEntropyLoss"; label_smoothing?: number }
  | { type: "NLLLoss" | "MSELoss" | "L1Loss" | "SmoothL1Loss" | "BCEWithLogitsLoss" };

export interface TrainingOptions {
  optimiser: Optimiser;
  learning_rate: number;
  batch_size: number;
  seed: number;
  schedule: Schedule;
  /** A linear rise over the first `epochs`, from `start_factor` times the rate. */
  warmup: { epochs?: number; start_factor?: number };
  /** The run that the schedule plans; after it the last rate stays. */
  epochs: number;
  loss: Loss;
  /** The factor of the weights' signs that is added to the gradient. */
  l1: number;
  /** The norm to which longer gradients, all together, are cut; null for never. */
  clip_grad_norm: number | null;
  /** Positions of layers whose parameters stay as they are; another network starts with none. */
  frozen: number[];
  /** Counts from the next reset. */
  initialisation: "default" | "kaiming_uniform" | "kaiming_normal" | "xavier_uniform" | "xavier_normal" | "zeros";
  /** Training pictures are moved at random by up to `shift` pixels. */
  augment: { shift?: number };
}

/** What is left out stays; another optimiser starts from its usual arguments. */
export type PartialOptions = Partial<Omit<TrainingOptions, "optimiser">> & {
  optimiser?: Partial<Optimiser>;
};

export interface BackendStatus {
  kind: "gpu" | "cpu";
  name: string;
  reason: string;
  /** Whether it stands in for a GPU that could not be had. */
  stands_in: boolean;
  software: boolean;
  dispatches_per_step: number | null;
  /** Workers that share a training step on the CPU; 1 on a GPU. */
  n_workers: number;
  /** What was asked for; a number of workers of null is "auto". */
  asked: { backend: "gpu" | "cpu" | "auto"; n_workers: number | null };
  /** Training steps of the network at hand, timed on copies of its weights. */
  trials: { kind: "gpu" | "cpu"; name: string; n_workers: number; step_millis: number | null; failure: string | null }[];
  /** What went wrong with a worker. */
  problem: string | null;
}

export interface StepMetrics { step: number; loss: number; accuracy: number }
export interface Validation extends StepMetrics { n_images: number }
export interface Trained { step: number; last: StepMetrics | null; validation: Validation | null }

export interface Evaluation {
  split: "train" | "validation" | "test";
  step: number;
  loss: number;
  accuracy: number;
  n_images: number;
  /** `confusion[label][prediction]`: counts. */
  confusion: number[][];
}

export interface Events {
  backend: BackendStatus;
  dataProgress: { file: string; received_bytes: number; total_bytes: number | null };
  data: { name: string; origin: string; verified_mnist: boolean; n_train: number; n_validation: number; n_test: number };
  restarted: { model: Model; options: TrainingOptions; step: number };
  /** `compiling`: a run waits for the GPU's compiler, which comes before a network's first step. */
  status: { running: boolean; compiling: boolean; step: number; steps_per_epoch: number; images_seen: number; images_per_second: number; step_millis: number | null };
  metrics: { train: StepMetrics[]; validation: Validation | null };
  /** What the network makes of the selected picture. `arrays`: the picture, each layer's output, then the parameters. */
  inspection: {
    step: number;
    sample: { type: "Stored"; split: "train" | "validation" | "test"; idx: number } | { type: "Drawing" };
    label: number | null;
    layers: { shape: number[]; min: number; max: number; mean: number }[];
    prediction: { class: number; probabilities: number[] };
    parameters: { layer_idx: number; name: string; shape: number[]; min: number; max: number }[];
    arrays: Float32Array[];
  };
  diverged: { step: number; value: string; last_good_step: number };
  deviceLost: { message: string };
}

declare global {
  interface Window { receptive: Receptive }
  const receptive: Receptive;
}
