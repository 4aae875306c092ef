//! `bench --to-accuracy`: several seeds, their mean, and an error where that falls short.

mod program;

use program::{digits, folder, receptive, text};

#[test]
fn the_mean_over_the_seeds_decides() {
    let folder = folder("to_accuracy");
    digits(&folder);
    let bench = |target: &str, more: &[&str]| {
        let words = ["bench", "--backend", "cpu", "--model", "linear", "--data", text(&folder), "--json"];
        receptive(&[&words[..], &["--to-accuracy", target], more].concat())
    };
    let outcome = bench("0.2", &["--seeds", "2"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let events = outcome.events();
    let runs: Vec<f64> = events
        .iter()
        .filter(|event| event["event"] == "recipe_run")
        .map(|event| event["test_accuracy"].as_f64().unwrap())
        .collect();
    assert_eq!(runs.len(), 2);
    let last = outcome.last();
    let mean = last["mean_accuracy"].as_f64().unwrap();
    assert!((mean - f64::midpoint(runs[0], runs[1])).abs() < 1e-6 && mean > 0.2, "{runs:?} {mean}");
    assert!(last["mean_seconds"].as_f64().unwrap() > 0.0);

    // 60 test pictures in the noise of one linear layer are not all told apart.
    let outcome = bench("1", &["--seeds", "1"]);
    assert_ne!(outcome.code, 0);
    assert!(outcome.stderr.contains("the mean is below 100.00 %"), "{}", outcome.stderr);
}

#[test]
fn a_recipe_takes_no_other_options() {
    assert_eq!(receptive(&["bench", "--to-accuracy", "2"]).code, 2);
    receptive(&["bench", "--to-accuracy", "0.9", "--lr", "0.1"]).is_refused(&["its own recipe"]);
}
