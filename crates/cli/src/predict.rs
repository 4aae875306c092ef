//! `receptive predict`: what a trained network says of pictures.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use data::split::Splits;
use data::{Dataset, N_PIXELS};
use eyre::{Context, Result, ensure};
use protocol::{Array, Command, Prediction, Reply};
use serde_json::{Value, json};

use crate::arguments::{Common, Data, Split, Trained};
use crate::array;
use crate::dataset;
use crate::driver::Driver;
use crate::picture::{self, Invert};
use crate::report::{Failed, Report};

/// The arguments of `receptive predict`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("what").required(true).args(["files", "index"]))]
pub struct Options {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    trained: Trained,
    /// PNG files of any size, each with one digit, or NumPy arrays (.npy, .npz) of pictures as the network receives them:
    /// [28, 28], [n, 28, 28] or [n, 1, 28, 28], light on dark, bytes or numbers from 0 to 1
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Whether ink on PNG files is dark on light: auto looks at the border's brightness
    #[arg(long, value_enum, default_value = "auto", num_args = 0..=1, default_missing_value = "yes", require_equals = true)]
    invert: Invert,
    /// Positions of pictures of the data set, instead of files
    #[arg(long, value_name = "N", num_args = 1..)]
    index: Vec<usize>,
    /// The part of the data that positions count in
    #[arg(long, value_enum, default_value = "test")]
    split: Split,
}

/// A picture as the network receives it, and where it came from.
#[derive(Clone)]
struct Question {
    pixels: Vec<f32>,
    /// The fields that say where it came from.
    event: Value,
    text: String,
}

/// Classifies.
pub fn run(options: &Options) -> Result<()> {
    let report = Report::new(options.common.json);
    let seed = options.common.seed;
    let (dataset, questions) = if options.index.is_empty() {
        let files = options.files.iter();
        let questions = files.map(|file| of_file(file, options.invert)).collect::<Result<Vec<_>>>()?;
        (dataset::tiny(seed), questions.concat())
    } else {
        let dataset = dataset::load(&options.data.data, seed)?;
        let positions = options.index.iter();
        let questions = positions.map(|&idx| of_dataset(&dataset, seed, options.split, idx));
        let questions = questions.collect::<Result<Vec<_>>>()?;
        (dataset, questions)
    };
    let mut driver = Driver::with_weights(&options.common, &options.trained.weights, dataset)?;
    driver.report_backend(&report)?;
    for question in questions {
        answer(&mut driver, &report, question)?;
    }
    Ok(())
}

fn answer(driver: &mut Driver, report: &Report, question: Question) -> Result<()> {
    let Question { pixels, mut event, text } = question;
    let (reply, _) = driver.ask(Command::Predict, vec![Array::F32(pixels)], |_| Ok(()))?;
    let Reply::Predicted(Prediction { class, probabilities }) = reply else {
        return Err(Failed(format!("the session answers with something else: {reply:?}")).into());
    };
    event["event"] = "prediction".into();
    event["class"] = class.into();
    event["probabilities"] = json!(probabilities);
    let listed: Vec<String> =
        probabilities.iter().enumerate().map(|(class, p)| format!("{class}: {:.1} %", 100.0 * p)).collect();
    report.say(&event, &format!("{text}: {class}\n  {}", listed.join("  ")))
}

fn of_file(file: &Path, invert: Invert) -> Result<Vec<Question>> {
    if array::is_array(file) { of_arrays(file) } else { Ok(vec![of_png(file, invert)?]) }
}

fn of_arrays(file: &Path) -> Result<Vec<Question>> {
    let name = file.display().to_string();
    let arrays = array::read(file).wrap_err_with(|| name.clone())?;
    let questions = arrays.into_iter().flat_map(|array| {
        let (name, array_name) = (name.clone(), array.name);
        array.pictures.into_iter().enumerate().map(move |(idx, pixels)| {
            let event = json!({ "file": name, "array": array_name, "index": idx });
            let part = array_name.as_ref().map(|array| format!(" {array}")).unwrap_or_default();
            Question { pixels, event, text: format!("{name}{part} [{idx}]") }
        })
    });
    Ok(questions.collect())
}

fn of_png(file: &Path, invert: Invert) -> Result<Question> {
    let name = file.display().to_string();
    let picture = picture::read(file, invert).wrap_err_with(|| name.clone())?;
    let prepared = data::drawing::prepare(&picture.ink, picture.side, true)?;
    ensure!(!prepared.blank, "{name}: there is nothing on the picture");
    let ink = if picture.inverted { "dark on light" } else { "light on dark" };
    let how = if picture.detected { "detected by its border" } else { "as asked" };
    let event = json!({ "file": name, "ink": ink, "ink_detected": picture.detected });
    Ok(Question { pixels: prepared.after.to_vec(), event, text: format!("{name} ({ink}, {how})") })
}

fn of_dataset(dataset: &Dataset, seed: u64, split: Split, idx: usize) -> Result<Question> {
    let splits = Splits::new(seed, dataset.training.labels.len());
    let (pictures, positions): (_, Vec<u32>) = match split {
        Split::Train => (&dataset.training, splits.train),
        Split::Validation => (&dataset.training, splits.validation),
        Split::Test => (&dataset.test, (0..dataset.test.labels.len() as u32).collect()),
    };
    let n = positions.len();
    ensure!(idx < n, "--index is {idx}, but the {split} split has {n} pictures, counted from 0");
    let position = positions[idx] as usize;
    let label = pictures.labels[position];
    let pixels: Vec<f32> = pictures.images.get(position).iter().map(|&p| f32::from(p) / 255.0).collect();
    debug_assert_eq!(pixels.len(), N_PIXELS);
    let event = json!({ "split": split.to_string(), "index": idx, "label": label });
    Ok(Question { pixels, event, text: format!("{split} {idx} (a {label})") })
}
