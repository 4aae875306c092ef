//! Every kernel is valid WGSL by itself.

use naga::valid::{Capabilities, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator};
use tensor::Update;

fn validate(name: &str, text: &str) {
    let module = naga::front::wgsl::parse_str(text)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(text)));
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::SUBGROUP);
    validator.subgroup_stages(ShaderStages::COMPUTE).subgroup_operations(SubgroupOperationSet::all());
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
            for [is_software, has_quads] in [[false, false], [true, false], [true, true]] {
                let text = gpu::shader(&step, gpu::Traits { is_software, has_quads }).unwrap();
                validate(&format!("{} of {}", step.kernel.name(), preset.id), &text);
            }
        }
    }
}

/// The files' names and texts, as readers see them.
fn files() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shaders");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let name = name.strip_suffix(".wgsl").expect("the folder holds shaders alone");
            (name.to_owned(), std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn the_table_holds_every_file_without_its_comments() {
    let files = files();
    assert_eq!(files.len(), gpu::FILES.len());
    for ((file, whole), (name, code)) in files.iter().zip(gpu::FILES) {
        assert_eq!(file, name);
        let is_code = |line: &&str| !line.is_empty() && !line.trim_start().starts_with("//");
        assert!(code.lines().eq(whole.lines().filter(is_code)), "{name}");
    }
}

/// A shader's first lines say what it is for; nobody should have to read the rest to know what to bind.
#[test]
fn every_file_begins_with_a_comment_that_ends_before_the_constants() {
    for (name, text) in files() {
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//")).collect();
        assert!(head.len() >= 5, "{name} says too little of itself");
        assert!(
            head.iter().any(|line| line.contains("nvocation")),
            "{name} does not say what an invocation does"
        );
    }
}
