use super::*;

fn trial(kind: BackendKind, name: &str, n_workers: usize, step_millis: Option<f32>) -> Trial {
    let failure = step_millis.is_none().then(|| "no".to_owned());
    Trial { kind, name: name.into(), n_workers, step_millis, failure }
}

fn cpu(n_workers: usize, millis: f32) -> Trial {
    trial(BackendKind::Cpu, "native code", n_workers, Some(millis))
}

fn gpu(millis: Option<f32>) -> Trial {
    trial(BackendKind::Gpu, "SwiftShader", 1, millis)
}

#[test]
fn the_fastest_is_chosen_and_of_equals_the_simplest() {
    let cases = [
        (vec![cpu(1, 3.9), cpu(2, 2.1), gpu(Some(15.0))], Some(1)),
        (vec![cpu(1, 3.9), cpu(2, 2.1), gpu(Some(0.3))], Some(2)),
        (vec![cpu(1, 0.2), cpu(2, 0.3), gpu(None)], Some(0)),
        // 3 % faster is within what such a trial errs by.
        (vec![cpu(1, 1.0), cpu(2, 0.97), gpu(Some(0.96))], Some(0)),
        (vec![gpu(None), cpu(1, 9.0)], Some(1)),
        (vec![gpu(None)], None),
        (vec![], None),
    ];
    for (trials, expected) in cases {
        assert_eq!(fastest(&trials), expected, "{trials:?}");
    }
}

#[test]
fn what_was_measured_is_said_with_what_is_chosen_first() {
    let trials = [cpu(1, 3.94), cpu(2, 2.06), gpu(Some(15.2))];
    assert_eq!(
        explain(&trials),
        "CPU, 2 threads: 2.1 ms a step; CPU, 1 thread: 3.9 ms; GPU (SwiftShader): 15 ms"
    );
    // What is chosen comes first although something else is a little faster.
    let trials = [cpu(1, 1.0), cpu(2, 0.98), gpu(None)];
    assert_eq!(
        explain(&trials),
        "CPU, 1 thread: 1.0 ms a step; CPU, 2 threads: 1.0 ms; GPU (SwiftShader): no"
    );
}

#[test]
fn one_two_and_all_workers_are_tried_but_no_more_than_the_batch_has_pictures() {
    assert_eq!(worker_counts(1, 64), [1]);
    assert_eq!(worker_counts(2, 64), [1, 2]);
    assert_eq!(worker_counts(4, 64), [1, 2, 4]);
    assert_eq!(worker_counts(4, 1), [1]);
    assert_eq!(worker_counts(0, 64), [1]);
}
