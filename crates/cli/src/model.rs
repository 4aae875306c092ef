//! Which network: a preset, a file, or what the file of weights says.

use std::path::Path;

use eyre::{Context, Result, bail, ensure};
use nn::{ModelSpec, Network, presets};

/// The network that `--model` names, else the one that a file of weights was saved with, else the preset `s`.
pub fn choose(named: Option<&str>, weights: Option<&[u8]>) -> Result<ModelSpec> {
    let model = match (named, weights) {
        (Some(named), _) => read(named)?,
        (None, Some(weights)) => saved_with(weights)?,
        (None, None) => presets::model("s").expect("s is a preset"),
    };
    let expected = [1, data::SIDE, data::SIDE];
    ensure!(model.input == expected, "the network's input is {:?}, but digits are {expected:?}", model.input);
    // Only to say early what is wrong with it.
    Network::new(model.clone(), data::N_CLASSES)?;
    Ok(model)
}

/// What a network is called in a line of output: its preset, else "custom".
pub fn name(model: &ModelSpec) -> &'static str {
    presets::id(model).unwrap_or("custom")
}

fn read(named: &str) -> Result<ModelSpec> {
    if let Some(model) = presets::model(named) {
        return Ok(model);
    }
    let path = Path::new(named);
    if !path.exists() {
        let ids: Vec<&str> = presets::all().iter().map(|preset| preset.id).collect();
        bail!("there is no preset and no file {named:?}; the presets are {}", ids.join(", "));
    }
    let text = std::fs::read_to_string(path).wrap_err_with(|| format!("{named} cannot be read"))?;
    ModelSpec::from_json(&text).wrap_err_with(|| named.to_owned())
}

fn saved_with(weights: &[u8]) -> Result<ModelSpec> {
    let (_, header) = safetensors::SafeTensors::read_metadata(weights)
        .map_err(|error| nn::StateDictError::Format(error.to_string()))
        .wrap_err("the weights cannot be read")?;
    let model = header.metadata().as_ref().and_then(|metadata| metadata.get("model"));
    let Some(model) = model else {
        bail!("the file of weights does not say of which network they are; name it with --model");
    };
    ModelSpec::from_json(model).wrap_err("the network that the file of weights names")
}
