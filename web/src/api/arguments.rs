//! Arguments of the calls; an error names the argument and what would be accepted.

use js_sys::{ArrayBuffer, Float32Array, JSON, Uint8Array};
use nn::{ModelSpec, Optimiser, TrainingOptions};
use protocol::{Array, BackendChoice, ExportFormat, Split, Until};
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::File;

use crate::link::field;
use crate::store::{MOST_WORKERS, N_CLASSES, workers_named};

/// Numbers in one picture.
const N_PIXELS: u32 = 28 * 28;
/// Beyond this, whole numbers are not exact in JavaScript.
const MOST_EXACT: f64 = 9_007_199_254_740_991.0;

/// A data set to load.
pub enum Source {
    /// The built-in digits.
    Generated,
    /// MNIST.
    Mnist,
    /// Four IDX files.
    Files(Vec<File>),
}

pub fn backend(argument: &JsValue) -> Result<BackendChoice, String> {
    match argument.as_string().as_deref() {
        Some("auto") => Ok(BackendChoice::Auto),
        Some("gpu" | "webgpu") => Ok(BackendChoice::Gpu),
        Some("cpu") => Ok(BackendChoice::Cpu),
        _ => Err("backend has to be 'auto', 'gpu' or 'cpu'".to_owned()),
    }
}

/// A number of workers, or 'auto'.
pub fn workers(argument: &JsValue) -> Result<Option<usize>, String> {
    let text = argument.as_string().or_else(|| argument.as_f64().map(|number| number.to_string()));
    let named = text.and_then(|text| workers_named(&text));
    named.ok_or_else(|| format!("workers has to be 'auto' or a whole number from 1 to {MOST_WORKERS}"))
}

pub fn export_format(argument: &JsValue) -> Result<ExportFormat, String> {
    match argument.as_string().as_deref() {
        Some("pytorch") => Ok(ExportFormat::Pytorch),
        Some("onnx") => Ok(ExportFormat::Onnx),
        Some("safetensors") => Ok(ExportFormat::Safetensors),
        _ => Err("format has to be 'pytorch', 'onnx' or 'safetensors'".to_owned()),
    }
}

pub fn split(argument: &JsValue) -> Result<Split, String> {
    match argument.as_string().as_deref() {
        Some("train") => Ok(Split::Train),
        Some("validation") => Ok(Split::Validation),
        Some("test") => Ok(Split::Test),
        _ => Err("split has to be 'train', 'validation' or 'test'".to_owned()),
    }
}

pub fn source(argument: &JsValue) -> Result<Source, String> {
    match argument.as_string().as_deref() {
        Some("generated") => return Ok(Source::Generated),
        Some("mnist") => return Ok(Source::Mnist),
        _ => {}
    }
    let fail = || "source has to be 'generated', 'mnist' or an array of four Files".to_owned();
    let list = argument.dyn_ref::<js_sys::Array>().ok_or_else(fail)?;
    list.iter()
        .map(|file| file.dyn_into::<File>().map_err(|_| fail()))
        .collect::<Result<_, _>>()
        .map(Source::Files)
}

/// A preset's id, or a model's object; it has to be valid.
pub fn model(argument: &JsValue) -> Result<ModelSpec, String> {
    let model = match argument.as_string() {
        Some(id) => nn::presets::model(&id).ok_or_else(|| {
            let ids: Vec<_> = nn::presets::all().iter().map(|preset| preset.id).collect();
            format!("model: there is no preset '{id}'; there are {}", ids.join(", "))
        })?,
        None => ModelSpec::from_json(&json(argument, "model")?).map_err(|error| format!("model: {error}"))?,
    };
    match model.geometry(Some(N_CLASSES)).error {
        None => Ok(model),
        Some(placed) => Err(format!("model: layer {}: {}", placed.layer_idx, placed.error)),
    }
}

/// The options in force with the fields given replaced; another optimiser starts from its usual arguments.
pub fn options(current: &TrainingOptions, argument: &JsValue) -> Result<TrainingOptions, String> {
    let partial: Value =
        serde_json::from_str(&json(argument, "options")?).map_err(|error| error.to_string())?;
    let Value::Object(partial) = partial else { return Err("options has to be an object".to_owned()) };
    let mut all = serde_json::to_value(current).map_err(|error| error.to_string())?;
    for (name, value) in partial {
        let Some(place) = all.get_mut(&name) else {
            return Err(format!("options: there is no option '{name}'"));
        };
        match (name.as_str(), value) {
            ("optimiser", Value::Object(fields)) => {
                if let Some(kind) = fields.get("type").filter(|kind| *kind != &place["type"]) {
                    let usual = Optimiser::all().into_iter().find(|o| kind == o.name());
                    let names = Optimiser::all().map(|o| o.name()).join(", ");
                    let usual =
                        usual.ok_or_else(|| format!("options: optimiser.type has to be one of {names}"))?;
                    *place = serde_json::to_value(usual).map_err(|error| error.to_string())?;
                }
                for (name, value) in fields {
                    place[&name] = value;
                }
            }
            (_, value) => *place = value,
        }
    }
    let options: TrainingOptions =
        serde_json::from_str(&all.to_string()).map_err(|error| format!("options: {error}"))?;
    if options.seed as f64 > MOST_EXACT {
        return Err("options: seed is too large to be exact in JavaScript".to_owned());
    }
    options.check().map_err(|error| format!("options: {error}"))?;
    Ok(options)
}

/// `{ steps }`, `{ epochs }`, or nothing: until paused.
pub fn until(argument: &JsValue) -> Result<Until, String> {
    if argument.is_undefined() || argument.is_null() {
        return Ok(Until::Paused);
    }
    match (field(argument, "steps"), field(argument, "epochs")) {
        (steps, epochs) if epochs.is_undefined() && !steps.is_undefined() => {
            Ok(Until::Steps(whole(&steps, "steps", 1.0)?))
        }
        (steps, epochs) if steps.is_undefined() && !epochs.is_undefined() => {
            Ok(Until::Epochs(whole(&epochs, "epochs", 1.0)?))
        }
        _ => Err("train takes { steps: n } or { epochs: n }".to_owned()),
    }
}

/// `{ seed }`, or nothing: the same seed.
pub fn seed(argument: &JsValue) -> Result<Option<u64>, String> {
    match field(argument, "seed") {
        seed if seed.is_undefined() => Ok(None),
        seed => whole(&seed, "seed", 0.0).map(Some),
    }
}

pub fn layer_idx(argument: &JsValue, n_layers: usize) -> Result<usize, String> {
    let layer_idx = whole(argument, "layerIdx", 0.0)?;
    usize::try_from(layer_idx).ok().filter(|layer_idx| *layer_idx < n_layers).ok_or_else(|| {
        format!("layerIdx is {layer_idx}, but the network has {n_layers} layers, counted from 0")
    })
}

pub fn picture(argument: &JsValue) -> Result<Array, String> {
    match argument.dyn_ref::<Float32Array>() {
        Some(values) if values.length() == N_PIXELS => Ok(Array::F32(values.to_vec())),
        Some(values) => Err(format!("pixels has {} numbers, but a picture has {N_PIXELS}", values.length())),
        None => Err(format!("pixels has to be a Float32Array of {N_PIXELS} numbers from 0 to 1")),
    }
}

pub fn bytes(argument: &JsValue) -> Result<Array, String> {
    if let Some(bytes) = argument.dyn_ref::<Uint8Array>() {
        Ok(Array::U8(bytes.to_vec()))
    } else if let Some(buffer) = argument.dyn_ref::<ArrayBuffer>() {
        Ok(Array::U8(Uint8Array::new(buffer).to_vec()))
    } else {
        Err("bytes has to be a Uint8Array that holds a safetensors file".to_owned())
    }
}

fn whole(value: &JsValue, name: &str, least: f64) -> Result<u64, String> {
    match value.as_f64() {
        Some(number) if number.fract() == 0.0 && (least..=MOST_EXACT).contains(&number) => Ok(number as u64),
        _ => Err(format!("{name} has to be a whole number of at least {least}")),
    }
}

fn json(argument: &JsValue, name: &str) -> Result<String, String> {
    let text = JSON::stringify(argument).ok().and_then(|text| text.as_string());
    text.ok_or_else(|| format!("{name} has to be an object"))
}
