//! `receptive train` and `receptive eval`.

mod program;

use program::{digits, folder, receptive, succeeds, text};
use serde_json::Value;

/// A short training of the linear classifier.
fn train(data: &str, more: &[&str]) -> program::Outcome {
    let usual = ["train", "--model", "linear", "--data", data, "--batch", "16", "--backend", "cpu", "--json"];
    succeeds(&[&usual, more].concat())
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().expect("every line names its event")).collect()
}

#[test]
fn every_line_is_an_event_and_the_last_is_the_test_sets() {
    let folder = folder("events");
    digits(&folder);
    let out = folder.join("model.safetensors");
    let outcome = train(text(&folder), &["--epochs", "2", "--out", text(&out)]);
    let events = outcome.events();
    assert_eq!(kinds(&events), ["backend", "data", "epoch", "epoch", "done"]);
    assert_eq!((&events[0]["kind"], &events[0]["threads"]), (&"cpu".into(), &1.into()));
    assert_eq!((&events[1]["n_train"], &events[1]["n_test"]), (&330.into(), &60.into()));
    // 330 pictures in batches of 16 are 20 steps.
    assert_eq!((&events[3]["epoch"], &events[3]["step"]), (&2.into(), &40.into()));
    for field in ["train_loss", "validation_loss", "validation_accuracy"] {
        assert!(events[2][field].is_number(), "{field}");
    }
    assert!(events[3]["train_loss"].as_f64() < events[2]["train_loss"].as_f64());
    let done = &events[4];
    assert_eq!(done["steps"], 40);
    assert!(done["seconds"].as_f64() > Some(0.0));
    assert_eq!(done["out"], text(&out));
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 5, "four files, the weights and nothing temporary: {left:?}");

    let weights = ["--weights", text(&out), "--data", text(&folder), "--backend", "cpu", "--json"];
    let evaluation = succeeds(&[&["eval"], &weights[..]].concat()).last();
    assert_eq!(evaluation["accuracy"], done["test_accuracy"]);
    assert_eq!(evaluation["loss"], done["test_loss"]);
    let rows = evaluation["confusion"].as_array().unwrap().iter();
    let cells = rows.flat_map(|row| row.as_array().unwrap()).map(|n| n.as_u64().unwrap());
    assert_eq!(cells.sum::<u64>(), 60);
    let evaluation = succeeds(&[&["eval", "--split", "validation"], &weights[..]].concat()).last();
    assert_eq!(evaluation["n_images"], 30);
    assert_eq!(evaluation["loss"], events[3]["validation_loss"]);
}

#[test]
fn the_same_seed_prints_the_same_numbers_and_writes_the_same_weights() {
    let folder = folder("seeds");
    digits(&folder);
    let run = |seed: &str, threads: &str, out: &str| {
        let out = folder.join(out);
        let more = ["--epochs", "1", "--seed", seed, "--threads", threads, "--out", text(&out)];
        let mut events = train(text(&folder), &more).events();
        let done = events.last_mut().unwrap().as_object_mut().unwrap();
        done.remove("seconds");
        done.remove("out");
        (events, std::fs::read(&out).unwrap())
    };
    let first = run("5", "2", "first");
    assert_eq!(first.0[0]["threads"], 2);
    assert!(first == run("5", "2", "second"), "the same seed gave other numbers");
    assert_ne!(first.1, run("6", "2", "third").1);
}

#[test]
fn training_goes_on_from_a_file_and_for_people_it_says_so_in_words() {
    let folder = folder("resume");
    digits(&folder);
    let out = folder.join("model.safetensors");
    let first = train(text(&folder), &["--epochs", "3", "--out", text(&out)]).events();
    let again = train(text(&folder), &["--epochs", "1", "--weights", text(&out)]).events();
    assert!(again[2]["train_loss"].as_f64() < first[2]["train_loss"].as_f64());
    let words = ["train", "--weights", text(&out), "--data", text(&folder), "--epochs", "1"];
    let outcome = succeeds(&[&words[..], &["--backend", "cpu", "--optimizer", "adam"]].concat());
    assert!(outcome.stdout.contains("epoch 1: training loss"), "{}", outcome.stdout);
    assert!(outcome.stdout.lines().last().unwrap().starts_with("test: accuracy"), "{}", outcome.stdout);
    assert_eq!(outcome.stderr, "", "no bar where nobody looks");
}

#[test]
fn a_divergence_ends_with_code_1_and_the_last_good_weights() {
    let folder = folder("divergence");
    digits(&folder);
    let out = folder.join("model.safetensors");
    let usual = ["train", "--model", "s", "--data", text(&folder), "--backend", "cpu", "--json"];
    let outcome = receptive(&[&usual[..], &["--lr", "1e30", "--out", text(&out)]].concat());
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("lower --lr") && outcome.stderr.contains("last good"),
        "{}",
        outcome.stderr
    );
    let last = outcome.last();
    assert_eq!((&last["event"], &last["last_good_step"]), (&"diverged".into(), &0.into()));
    let weights = ["eval", "--weights", text(&out), "--data", text(&folder), "--backend", "cpu", "--json"];
    assert!(succeeds(&weights).last()["loss"].is_number());
}

#[test]
fn a_bench_gives_its_figures() {
    let usual = ["bench", "--model", "s", "--batch", "8", "--steps", "5", "--warmup", "1"];
    let bench = succeeds(&[&usual[..], &["--backend", "cpu", "--threads", "3", "--json"]].concat()).last();
    for (field, expected) in [("event", "bench"), ("model", "s"), ("backend", "cpu")] {
        assert_eq!(bench[field], expected);
    }
    for (field, expected) in [("batch", 8), ("threads", 3), ("steps", 5)] {
        assert_eq!(bench[field], expected);
    }
    let [min, median, max] = ["min", "median", "max"].map(|field| bench["step_ms"][field].as_f64().unwrap());
    assert!(0.0 < min && min <= median && median <= max);
    assert!(bench["images_per_second"].as_f64() > Some(0.0));
    assert!(bench["adapter"].is_string() && bench["dispatches_per_step"].is_null());
}
