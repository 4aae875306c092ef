//! `receptive predict`.

mod program;

use std::fs::File;
use std::path::{Path, PathBuf};

use program::{digits, folder, receptive, succeeds, text};
use serde_json::Value;
use tensor::{DType, Tensor, npy};

/// Digits, and a network that has learnt from them.
fn trained(name: &str) -> (PathBuf, PathBuf) {
    let folder = folder(name);
    digits(&folder);
    let out = folder.join("model.safetensors");
    let usual = ["train", "--model", "s", "--data", text(&folder), "--batch", "16", "--backend", "cpu"];
    succeeds(&[&usual[..], &["--epochs", "6", "--out", text(&out)]].concat());
    (folder, out)
}

fn write_png(path: &Path, [width, height]: [u32; 2], color: png::ColorType, bytes: &[u8]) {
    let mut encoder = png::Encoder::new(File::create(path).unwrap(), width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(bytes).unwrap();
}

fn predictions(arguments: &[&str]) -> Vec<Value> {
    let events = succeeds(&[&["predict", "--backend", "cpu", "--json"], arguments].concat()).events();
    events.into_iter().filter(|event| event["event"] == "prediction").collect()
}

#[test]
fn one_digit_in_every_form_of_png_is_the_same_digit() {
    let (folder, weights) = trained("forms");
    let (pixels, label) = data::generated::digit(0, 400);
    // Twice as large, and with two more columns on each side.
    let at = |i: usize| {
        let (y, x) = (i / 60, i % 60);
        if (2..58).contains(&x) { pixels[y / 2 * 28 + (x - 2) / 2] } else { 0 }
    };
    let light: Vec<u8> = (0..60 * 56).map(at).collect();
    let dark: Vec<u8> = light.iter().map(|ink| 255 - ink).collect();
    let rgb: Vec<u8> = dark.iter().flat_map(|&grey| [grey; 3]).collect();
    let rgba: Vec<u8> = light.iter().flat_map(|&ink| [0, 0, 0, ink]).collect();
    let forms = [
        ("light.png", png::ColorType::Grayscale, &light),
        ("dark.png", png::ColorType::Grayscale, &dark),
        ("rgb.png", png::ColorType::Rgb, &rgb),
        ("rgba.png", png::ColorType::Rgba, &rgba),
    ];
    let files = forms.map(|(name, color, bytes)| {
        let path = folder.join(name);
        write_png(&path, [60, 56], color, bytes);
        path
    });
    let files: Vec<&str> = files.iter().map(|path| text(path)).collect();
    let answers = predictions(&[&["--weights", text(&weights)], &files[..]].concat());
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0]["ink"], "light on dark");
    for (answer, file) in answers.iter().zip(&files) {
        assert_eq!((&answer["file"], &answer["class"]), (&(*file).into(), &label.into()), "{answer}");
        assert_eq!(answer["probabilities"], answers[0]["probabilities"]);
        let probabilities = answer["probabilities"].as_array().unwrap().iter();
        let sum: f64 = probabilities.map(|p| p.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }
    assert!(answers[1..].iter().all(|answer| answer["ink"] == "dark on light"));

    // Told that dark ink is light, it sees paper as ink; the border's paper is then what is left out.
    let told = ["predict", "--backend", "cpu", "--weights", text(&weights), "--invert=no", files[1]];
    receptive(&told).is_refused(&["dark.png", "nothing on the picture"]);
}

#[test]
fn numpys_arrays_are_asked_about_as_they_are() {
    let (folder, weights) = trained("arrays");
    let digits: Vec<_> = [400, 401].map(|position| data::generated::digit(0, position)).into();
    let bytes: Vec<u8> = digits.iter().flat_map(|(pixels, _)| pixels.to_vec()).collect();
    let bytes = Tensor::from_vec(bytes, [2, 1, 28, 28]).unwrap();
    let floats = bytes.to(DType::F32).unwrap().div(255.0).unwrap();
    let save = |name: &str, contents: Vec<u8>| {
        let path = folder.join(name);
        std::fs::write(&path, contents).unwrap();
        path
    };
    let arrays = [("of bytes".to_owned(), bytes.clone()), ("of floats".to_owned(), floats.clone())];
    let archive = save("both.npz", npy::write_npz(&arrays).unwrap());
    let single = save("single.npy", npy::write(&floats.get(1).unwrap().get(0).unwrap()));
    let answers = predictions(&["--weights", text(&weights), text(&archive), text(&single)]);
    assert_eq!(answers.len(), 5);
    for (answer, idx) in answers.iter().zip([0, 1, 0, 1, 1]) {
        assert_eq!(answer["class"], digits[idx].1, "{answer}");
        assert_eq!(answer["probabilities"], answers[idx]["probabilities"]);
    }
    assert_eq!((&answers[3]["array"], &answers[3]["index"]), (&"of floats".into(), &1.into()));

    let asked =
        |path: &Path| receptive(&["predict", "--backend", "cpu", "--weights", text(&weights), text(path)]);
    let wrong = save("wrong.npy", npy::write(&floats.reshape([2, 784]).unwrap()));
    asked(&wrong).is_refused(&["wrong.npy", "[2, 784]", "[n, 28, 28]"]);
    let light = save("light.npy", npy::write(&bytes.to(DType::F32).unwrap()));
    asked(&light).is_refused(&["light.npy", "divide by 255"]);
    let damaged = save("damaged.npy", b"no array".to_vec());
    asked(&damaged).is_refused(&["damaged.npy", "not a .npy file"]);
}

#[test]
fn pictures_of_the_data_set_come_with_their_labels() {
    let (folder, weights) = trained("stored");
    let usual = ["--weights", text(&weights), "--data", text(&folder)];
    let answers = predictions(&[&usual[..], &["--index", "0", "59"]].concat());
    assert_eq!((&answers[1]["index"], &answers[1]["label"]), (&59.into(), &9.into()));
    let past = [&["predict", "--backend", "cpu"], &usual[..], &["--split", "validation", "--index", "30"]];
    receptive(&past.concat()).is_refused(&["--index is 30", "30 pictures"]);
}

#[test]
fn what_is_no_digit_is_refused_by_name() {
    let (folder, weights) = trained("refused");
    let predict =
        |file: &Path| receptive(&["predict", "--backend", "cpu", "--weights", text(&weights), text(file)]);
    let file = folder.join("file.png");
    predict(&file).is_refused(&["file.png", "cannot be read"]);
    std::fs::write(&file, "GIF89a").unwrap();
    predict(&file).is_refused(&["file.png", "not a PNG file"]);
    write_png(&file, [30, 20], png::ColorType::Grayscale, &[255; 600]);
    predict(&file).is_refused(&["file.png", "nothing on the picture"]);
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    predict(&file).is_refused(&["file.png"]);
    write_png(&file, [5000, 1], png::ColorType::Grayscale, &[0; 5000]);
    predict(&file).is_refused(&["5000×1 pixels", "4096"]);
}
