//! Every kernel is valid WGSL by itself.

use naga::valid::{Capabilities, ValidationFlags, Validator};
use tensor::Update;

fn validate(name: &str, text: &str) {
    let module = naga::front::wgsl::parse_str(text)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(text)));
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
    validator.validate(&module).unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(text)));
}

#[test]
fn every_file_is_valid_as_it_is() {
    for (name, text) in gpu::FILES {
        validate(name, text);
    }
}

#[test]
fn every_step_of_every_preset_is_valid_with_its_constants_set() {
    for preset in nn::presets::all() {
        let network = nn::Network::new(preset.model, 10).unwrap();
        let plans = [
            network.training_plan(64, Update::Sgd { nesterov: true }),
            network.training_plan(17, Update::Adam),
            network.evaluation_plan(1000),
            network.inspection_plan(),
        ];
        for step in plans.into_iter().flat_map(|plan| plan.unwrap().steps) {
            for is_software in [false, true] {
                let text = gpu::shader(&step, is_software).unwrap();
                validate(&format!("{} of {}", step.kernel.name(), preset.id), &text);
            }
        }
    }
}

#[test]
fn every_file_is_in_the_table() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shaders");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    let table: Vec<String> = gpu::FILES.iter().map(|(name, _)| format!("{name}.wgsl")).collect();
    assert_eq!(found, table);
}

/// A shader's first lines say what it is for; nobody should have to read the rest to know what to bind.
#[test]
fn every_file_begins_with_a_comment_that_ends_before_the_constants() {
    for (name, text) in gpu::FILES {
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//")).collect();
        assert!(head.len() >= 5, "{name} says too little of itself");
        assert!(
            head.iter().any(|line| line.contains("nvocation")),
            "{name} does not say what an invocation does"
        );
    }
}
