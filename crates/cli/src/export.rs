//! `receptive export`: a network as files that other programs read.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum, value_parser};
use eyre::{Context, OptionExt, Result, ensure};
use nn::{Network, state_dict};
use serde_json::json;

use crate::report::{Failed, Report};
use crate::training::Training;
use crate::{model, weights};

/// The arguments of `receptive export`.
#[derive(Args, Debug)]
pub struct Options {
    /// A preset (s, f, l, lenet5, linear, mlp) or a JSON file; by default what the weights' file names, else s
    #[arg(long, value_name = "PRESET|FILE")]
    model: Option<String>,
    /// A safetensors file with the network's weights; by default the initial weights of the seed
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// What to write
    #[arg(long, value_enum)]
    format: Format,
    /// Where to write it; a PyTorch script's weights go beside it, into a file of its name with .safetensors
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    training: Training,
    /// Passes over the training pictures in the script's run
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u64).range(1..))]
    epochs: u64,
    /// The seed of the script's run, and of initial weights
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A Python script that trains the network, alone or under torchrun, and its weights
    Pytorch,
    /// An ONNX file with the weights inside
    Onnx,
    /// The weights, with PyTorch's names
    Safetensors,
}

/// Writes the files.
pub fn run(options: &Options) -> Result<()> {
    let report = Report::new(options.json);
    let training = options.training.options(options.seed, options.epochs as f64)?;
    let given = options.weights.as_deref().map(weights::read).transpose()?;
    let model = model::choose(options.model.as_deref(), given.as_deref())?;
    training.loss.check_network(&model)?;
    let network = Network::new(model, data::N_CLASSES)?.with_frozen(&training.frozen)?;
    let layout = network.layout();
    let parameters = match (&given, &options.weights) {
        (Some(bytes), Some(path)) => {
            state_dict::load(&layout, bytes).wrap_err_with(|| path.display().to_string())?
        }
        _ => training.initialisation.parameters(&network, training.seed),
    };
    let safetensors = || {
        let model = network.model().to_json();
        let metadata = HashMap::from([("format".to_owned(), "pt".to_owned()), ("model".to_owned(), model)]);
        state_dict::save(&layout, &parameters, metadata)
    };
    let out = options.out.as_path();
    weights::check_writable(out)?;
    let is_source = |path: &Path| options.weights.as_deref().is_some_and(|source| is_same_file(path, source));
    ensure!(!is_source(out), "--out is {}, which is the file of weights itself", out.display());
    let files = match options.format {
        Format::Onnx => vec![(out.to_owned(), export::onnx::model(&network, &parameters)?)],
        Format::Safetensors => vec![(out.to_owned(), safetensors())],
        Format::Pytorch => {
            let beside = out.with_extension("safetensors");
            ensure!(beside != out, "--out is {}, where the script's weights would go", out.display());
            weights::check_writable(&beside)?;
            let name = beside.file_name().and_then(OsStr::to_str);
            let name = name.ok_or_eyre("--out has a name that is not text")?;
            let script = export::pytorch::script(&network, &training, name)?.into_bytes();
            let mut files = vec![(out.to_owned(), script)];
            // Weights that lie there already stay as they are.
            files.extend((!is_source(&beside)).then(|| (beside, safetensors())));
            files
        }
    };
    for (path, bytes) in &files {
        weights::write(path, bytes).map_err(|error| Failed(format!("{error:#}")))?;
    }
    let names: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    let which = match &options.weights {
        Some(path) => format!("the weights of {}", path.display()),
        None => format!("the initial weights of seed {}", options.seed),
    };
    let event = json!({ "event": "exported", "model": model::name(network.model()), "files": names });
    report.say(&event, &format!("{} with {which}", names.join(" and ")))
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some_and(|one| real(other) == Some(one))
}
