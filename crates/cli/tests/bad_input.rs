//! What is asked wrongly ends with code 2 and one line, and overwrites nothing.

mod program;

use program::{Outcome, digits, folder, receptive, succeeds, text};

fn train(more: &[&str]) -> Outcome {
    receptive(&[&["train", "--backend", "cpu"], more].concat())
}

#[test]
fn networks_that_do_not_exist_or_do_not_fit() {
    train(&["--model", "resnet"]).is_refused(&["no preset", "resnet", "lenet5"]);
    let folder = folder("networks");
    let file = folder.join("model.json");
    let refused = |json: &str, words: &[&str]| {
        std::fs::write(&file, json).unwrap();
        train(&["--model", text(&file)]).is_refused(words);
    };
    refused("{", &["model.json", "not a model"]);
    refused(r#"{"version":9,"input":[1,28,28],"layers":[]}"#, &["version 9"]);
    refused(
        r#"{"version":1,"input":[1,28,28],"layers":[{"type":"ReLU"},{"type":"Linear","out_features":10}]}"#,
        &["layer 1 (Linear)", "insert Flatten (784)"],
    );
    refused(
        r#"{"version":1,"input":[3,28,28],"layers":[{"type":"Flatten"},{"type":"Linear","out_features":10}]}"#,
        &["[3, 28, 28]", "[1, 28, 28]"],
    );
}

#[test]
fn options_out_of_range() {
    train(&["--lr", "NaN"]).is_refused(&["learning_rate is NaN"]);
    train(&["--lr", "-1"]).is_refused(&["learning_rate is -1"]);
    train(&["--batch", "0"]).is_refused(&["batch_size is 0"]);
    train(&["--momentum", "inf"]).is_refused(&["momentum is inf"]);
    train(&["--optimizer", "adam", "--momentum", "0.5"])
        .is_refused(&["--momentum is not an argument of --optimiser adam, which takes --beta1, --beta2"]);
    train(&["--optimiser", "adam", "--nesterov"])
        .is_refused(&["--nesterov is not an argument of --optimiser adam"]);
    train(&["--optimiser", "adamw", "--beta2", "1"]).is_refused(&["betas is [0.9, 1.0]"]);
    train(&["--nesterov", "--dampening", "0.5"]).is_refused(&["dampening is 0.5", "0 with nesterov"]);
    train(&["--optimiser", "lion"]).is_refused(&["invalid value 'lion'", "adamw"]);
    receptive(&["bench", "--batch", "5000"]).is_refused(&["batch_size is 5000"]);
    train(&["--epochs", "0"]).is_refused(&["invalid value '0' for '--epochs"]);
    train(&["--lr", "fast"]).is_refused(&["invalid value 'fast' for '--lr"]);
    train(&["--epoch", "1"]).is_refused(&["unexpected argument '--epoch'", "'--epochs'"]);
    receptive(&["bench", "--threads", "0"]).is_refused(&["invalid value '0' for '--threads"]);
    receptive(&["eval"]).is_refused(&["required arguments were not provided: --weights <FILE>"]);
    receptive(&["predict", "--weights", "w"]).is_refused(&["FILE", "--index"]);
}

#[test]
fn losses_and_penalties_that_do_not_fit() {
    train(&["--loss", "nll"]).is_refused(&["NLLLoss expects logarithms", "LogSoftmax"]);
    train(&["--loss", "mse", "--label-smoothing", "0.1"])
        .is_refused(&["--label-smoothing is not an argument of --loss mse"]);
    train(&["--label-smoothing", "1.5"]).is_refused(&["loss.label_smoothing is 1.5"]);
    train(&["--clip-grad-norm", "0"]).is_refused(&["clip_grad_norm is 0", "above 0"]);
    train(&["--l1", "-0.1"]).is_refused(&["l1 is -0.1"]);
    train(&["--freeze", "1"]).is_refused(&["frozen names layer 1, but ReLU has no parameters"]);
    train(&["--freeze", "0,99"]).is_refused(&["frozen names layer 99, but the network has 8 layers"]);
    train(&["--freeze", "x"]).is_refused(&["invalid value 'x' for '--freeze"]);
    train(&["--shift", "15"]).is_refused(&["augment.shift is 15"]);
    train(&["--init", "ones"]).is_refused(&["invalid value 'ones'", "kaiming-normal"]);
}

#[test]
fn schedules_that_do_not_fit() {
    train(&["--schedule", "cosine", "--gamma", "0.5"])
        .is_refused(&["--gamma is not an argument of --schedule cosine, which takes --eta-min"]);
    train(&["--pct-start", "0.5"]).is_refused(&["--pct-start is not an argument of --schedule constant"]);
    train(&["--schedule", "one-cycle", "--pct-start", "1.5"])
        .is_refused(&["schedule.pct_start is 1.5", "between 0 and 1"]);
    train(&["--schedule", "step", "--step-size", "0"]).is_refused(&["schedule.step_size is 0"]);
    train(&["--schedule", "step", "--step-size-down", "1"])
        .is_refused(&["--step-size-down is not an argument"]);
    train(&["--optimiser", "adagrad", "--schedule", "one-cycle"])
        .is_refused(&["Adagrad has none", "--no-cycle-momentum"]);
    train(&["--warmup-epochs", "-1"]).is_refused(&["warmup.epochs is -1"]);
    train(&["--warmup-start", "0.5"]).is_refused(&["--warmup-epochs <EPOCHS>"]);
}

#[test]
fn data_that_are_not_there_or_are_broken() {
    train(&["--data", "/nowhere"]).is_refused(&["/nowhere", "neither a folder"]);
    let folder = folder("data");
    train(&["--data", text(&folder)]).is_refused(&["has no train-images-idx3-ubyte"]);
    digits(&folder);
    let labels = folder.join("t10k-labels-idx1-ubyte");
    let whole = std::fs::read(&labels).unwrap();
    std::fs::write(&labels, &whole[..whole.len() - 1]).unwrap();
    train(&["--data", text(&folder)]).is_refused(&["t10k-labels-idx1-ubyte", "cut off"]);
    std::fs::write(&labels, "no").unwrap();
    train(&["--data", text(&folder)]).is_refused(&["t10k-labels-idx1-ubyte", "not an IDX file"]);
    std::fs::remove_file(&labels).unwrap();
    train(&["--data", text(&folder)]).is_refused(&["has no t10k-labels-idx1-ubyte"]);
}

#[test]
fn weights_of_another_network() {
    let folder = folder("weights");
    digits(&folder);
    let out = folder.join("linear.safetensors");
    let usual = ["train", "--backend", "cpu", "--data", text(&folder), "--epochs", "1"];
    succeeds(&[&usual[..], &["--model", "linear", "--out", text(&out)]].concat());
    let before = std::fs::read(&out).unwrap();
    let with = ["--model", "s", "--weights", text(&out)];
    let refused = receptive(&[&usual[..], &with, &["--out", text(&out)]].concat());
    refused.is_refused(&["0.weight", "[8, 1, 3, 3]"]);
    let eval = ["eval", "--backend", "cpu", "--data", text(&folder)];
    receptive(&[&eval[..], &with].concat()).is_refused(&["linear.safetensors", "0.weight"]);
    assert_eq!(std::fs::read(&out).unwrap(), before, "what is refused overwrites nothing");

    let nonsense = folder.join("nonsense");
    std::fs::write(&nonsense, "nonsense").unwrap();
    receptive(&[&eval[..], &["--weights", text(&nonsense)]].concat()).is_refused(&["not a safetensors file"]);
    receptive(&[&eval[..], &["--weights", "/nowhere"]].concat()).is_refused(&["/nowhere", "cannot be read"]);
}

#[test]
fn an_out_that_cannot_be_written_is_refused_before_the_training() {
    let folder = folder("out");
    digits(&folder);
    let train = |out: &str| train(&["--data", text(&folder), "--epochs", "1000000", "--out", out]);
    train("/nowhere/model.safetensors").is_refused(&["--out", "/nowhere/model.safetensors"]);
    train(text(&folder)).is_refused(&["--out", "is a folder"]);
    train("").is_refused(&["a value is required for '--out"]);
    train("..").is_refused(&["--out", "is a folder"]);
    train("nowhere/..").is_refused(&["--out", "names no file"]);
}
