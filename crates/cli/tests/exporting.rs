//! `receptive export`.

mod program;

use std::path::Path;
use std::process::Command;

use program::{digits, folder, receptive, succeeds, text};

fn export(more: &[&str]) -> Vec<String> {
    let last = succeeds(&[&["export", "--json"], more].concat()).last();
    assert_eq!(last["event"], "exported");
    let files = last["files"].as_array().unwrap().iter();
    files.map(|file| file.as_str().unwrap().to_owned()).collect()
}

/// Whether Python takes it for a program. Where there is no Python the test says so.
#[allow(clippy::print_stdout, reason = "what is skipped is said")]
fn compiles(script: &Path) {
    let python = if cfg!(windows) { "python" } else { "python3" };
    if !Command::new(python).arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: compiling {}, for there is no {python} here", script.display());
        return;
    }
    let output = Command::new(python).args(["-m", "py_compile"]).arg(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_pytorch_script_comes_with_its_weights_and_says_how_to_train() {
    let folder = folder("pytorch");
    let out = folder.join("le net's \"5\".py");
    let options = ["--optimizer", "adam", "--lr", "0.002", "--batch", "32", "--seed", "7"];
    let usual = ["--model", "lenet5", "--format", "pytorch", "--out", text(&out)];
    let files = export(&[&usual[..], &options].concat());
    assert_eq!(files, [text(&out), text(&out.with_extension("safetensors"))]);
    let script = std::fs::read_to_string(&out).unwrap();
    for line in [
        r#"WEIGHTS = Path(__file__).with_name("le net's \"5\".safetensors")"#,
        "BATCH_SIZE = 32 ",
        "SEED = 7\n",
        "nn.Conv2d(1, 6, kernel_size=5, padding=2),  # 6 x 28 x 28",
        "nn.AvgPool2d(kernel_size=2),",
        "nn.Linear(120, 84),",
        "return torch.optim.Adam(model.parameters(), lr=0.002)",
    ] {
        assert!(script.contains(line), "{line} is not in {script}");
    }
    compiles(&out);
}

#[test]
fn trained_weights_go_out_as_they_are() {
    let folder = folder("trained");
    digits(&folder);
    let weights = folder.join("s.safetensors");
    let usual = ["train", "--model", "s", "--data", text(&folder), "--backend", "cpu", "--epochs", "1"];
    succeeds(&[&usual[..], &["--out", text(&weights)]].concat());
    let before = std::fs::read(&weights).unwrap();
    let numbers = |bytes: &[u8]| {
        let file = safetensors::SafeTensors::deserialize(bytes).unwrap();
        file.tensor("3.weight").unwrap().data().to_vec()
    };

    let onnx = folder.join("s.onnx");
    export(&["--weights", text(&weights), "--format", "onnx", "--out", text(&onnx)]);
    let bytes = std::fs::read(&onnx).unwrap();
    let weight = numbers(&before);
    assert!(bytes.windows(weight.len()).any(|window| window == weight), "the weights are in the ONNX file");

    let copy = folder.join("copy.safetensors");
    export(&["--weights", text(&weights), "--format", "safetensors", "--out", text(&copy)]);
    assert_eq!(numbers(&std::fs::read(&copy).unwrap()), weight);

    // The script finds the weights that lie beside it already, and they stay untouched.
    let script = folder.join("s.py");
    assert_eq!(
        export(&["--weights", text(&weights), "--format", "pytorch", "--out", text(&script)]).len(),
        1
    );
    assert_eq!(std::fs::read(&weights).unwrap(), before);
}

#[test]
fn what_cannot_be_exported_is_refused_and_nothing_is_written() {
    let folder = folder("refused");
    let weights = folder.join("linear.safetensors");
    export(&["--model", "linear", "--format", "safetensors", "--out", text(&weights)]);
    let before = std::fs::read(&weights).unwrap();
    let out = folder.join("out.onnx");
    let refused = |more: &[&str], words: &[&str]| {
        receptive(&[&["export"], more].concat()).is_refused(words);
        assert!(!out.exists() && std::fs::read(&weights).unwrap() == before);
    };
    let onnx = ["--format", "onnx", "--out", text(&out)];
    refused(
        &[&onnx[..], &["--model", "s", "--weights", text(&weights)]].concat(),
        &["0.weight", "[8, 1, 3, 3]"],
    );
    refused(&[&onnx[..], &["--model", "resnet"]].concat(), &["no preset", "resnet"]);
    refused(&[&onnx[..], &["--weights", "/nowhere"]].concat(), &["/nowhere", "cannot be read"]);
    refused(
        &["--format", "keras", "--out", text(&out)],
        &["invalid value 'keras'", "pytorch, onnx, safetensors"],
    );
    refused(&["--format", "onnx"], &["--out <FILE>"]);
    refused(&["--format", "onnx", "--out", "/nowhere/s.onnx"], &["--out", "/nowhere/s.onnx"]);
    refused(&["--format", "pytorch", "--out", text(&weights)], &["where the script's weights would go"]);
    let itself = ["--format", "onnx", "--weights", text(&weights), "--out", text(&weights)];
    refused(&itself, &["the file of weights itself"]);
    refused(&[&onnx[..], &["--loss", "nll"]].concat(), &["LogSoftmax"]);
    refused(&[&onnx[..], &["--freeze", "1"]].concat(), &["frozen names layer 1"]);
    let rising =
        ["--format", "pytorch", "--out", text(&out), "--schedule", "one-cycle", "--warmup-epochs", "1"];
    refused(&rising, &["OneCycleLR rises by itself"]);
    refused(&[&onnx[..], &["--lr", "-1"]].concat(), &["learning_rate is -1"]);
}
