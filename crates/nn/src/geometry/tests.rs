use super::*;
use crate::model::LayerSpec;
use crate::presets;

#[test]
fn the_presets_have_the_shapes_parameters_and_arithmetic_that_they_should() {
    let geometry = |id: &str| presets::model(id).unwrap().geometry(Some(10)).valid().unwrap();
    let s = geometry("s");
    assert_eq!(s.n_parameters(), 9_098);
    // 8·28²·9 + 16·14²·72 + 784·10
    assert_eq!(s.macs(), 56_448 + 225_792 + 7_840);
    assert_eq!(geometry("lenet5").n_parameters(), 61_706);
    assert_eq!(geometry("linear").n_parameters(), 7_850);
    assert_eq!(geometry("mlp").n_parameters(), 50_890);
    assert_eq!(geometry("f").layers[9].output, [10, 1, 1]);
    assert_eq!(geometry("l").n_parameters(), 1_676_266);
}

#[test]
fn every_error_with_a_repair_is_mended_by_it() {
    let s = presets::model("s").unwrap();
    let own_statistics = json(r#"{"type":"BatchNorm2d","track_running_stats":false}"#);
    let broken = [
        remove(&s, 6),
        remove(&s, 7),
        insert(&s, 8, LayerSpec::Linear(Linear { out_features: 3, bias: true })),
        insert(&s, 7, LayerSpec::Conv2d(Conv2d::default())),
        insert(&s, 6, LayerSpec::Conv2d(Conv2d { kernel_size: 9.into(), ..Conv2d::default() })),
        insert(&s, 6, LayerSpec::Conv2d(Conv2d { groups: 3, ..Conv2d::default() })),
        insert(&s, 6, json(r#"{"type":"MaxPool2d","kernel_size":8}"#)),
        insert(&s, 6, json(r#"{"type":"MaxPool2d","kernel_size":2,"padding":2}"#)),
        insert(&s, 0, LayerSpec::Softmax),
        insert(&s, 2, json(r#"{"type":"Residual","from":0}"#)),
        insert(&s, 2, json(r#"{"type":"Residual","from":2}"#)),
        insert(&s, 0, json(r#"{"type":"Residual","from":0}"#)),
        insert(&insert(&s, 6, json(r#"{"type":"AdaptiveAvgPool2d","output_size":1}"#)), 7, own_statistics),
    ];
    for (case, mut model) in broken.into_iter().enumerate() {
        let mut repairs = 0;
        while let Some(PlacedError { layer_idx, error }) = model.geometry(Some(10)).error {
            let repair = error.repair().unwrap_or_else(|| panic!("case {case}: {error} has no repair"));
            let mended = repair.apply(&model, layer_idx);
            assert_ne!(mended, model, "case {case}: {repair} changes nothing for: {error}");
            model = mended;
            repairs += 1;
            assert!(repairs < 6, "case {case}: {error}");
        }
        assert!(repairs > 0, "case {case} was not broken");
    }
}

#[test]
fn errors_name_the_numbers() {
    let s = presets::model("s").unwrap();
    let message = |model: ModelSpec| model.geometry(Some(10)).error.unwrap().error.to_string();
    assert_eq!(
        message(insert(&s, 6, LayerSpec::Conv2d(Conv2d { kernel_size: 9.into(), ..Conv2d::default() }))),
        "the window covers 9×9 cells (dilation·(kernel − 1) + 1), but the padded input has only 7×7"
    );
    assert_eq!(
        message(remove(&s, 7)),
        "the network must end with 10 logits, one per class, but ends with [784]"
    );
    assert_eq!(
        message(insert(&s, 6, LayerSpec::Conv2d(Conv2d { stride: 0.into(), ..Conv2d::default() }))),
        "stride is 0, but must be at least 1"
    );
    assert_eq!(
        message(insert(&s, 4, json(r#"{"type":"Residual","from":1}"#))),
        "Residual adds what layer 1 receives, [8, 28, 28], to [16, 14, 14]; the block must keep the shape"
    );
    assert_eq!(
        message(insert(&s, 1, json(r#"{"type":"Residual","from":4}"#))),
        "from is 4, but must be the position of a layer before this one, layer 1"
    );
    assert_eq!(
        message(insert(&s, 1, json(r#"{"type":"Dropout","p":1.5}"#))),
        "p is 1.5, but must be between 0 and 1"
    );
    assert_eq!(
        message(insert(&s, 1, json(r#"{"type":"BatchNorm2d","eps":-1}"#))),
        "eps is -1, but must be a finite number of at least 0"
    );
}

#[test]
fn a_residual_sees_what_both_of_its_paths_see() {
    let mut model = presets::model("s").unwrap();
    // [8, 14, 14] after layer 2, then 3×3 without padding to the left of what goes around it: the field grows by it.
    model.layers.truncate(3);
    model.layers.push(json(r#"{"type":"Conv2d","out_channels":8,"kernel_size":3,"padding":1}"#));
    model.layers.push(json(r#"{"type":"Residual","from":3}"#));
    model.layers.push(json(r#"{"type":"Residual","from":0}"#));
    let geometry = model.geometry(None);
    assert_eq!(geometry.layers.len(), 5, "the image cannot be added to maps");
    let [before, block] = [2, 4].map(|idx| geometry.layers[idx].receptive_field);
    assert_eq!((before.size, before.start), ([4, 4], [-1, -1]));
    assert_eq!((block.size, block.start), ([8, 8], [-3, -3]));
    for (layer_idx, field) in [(2, before), (4, block)] {
        let extent = crate::receptive_field::extent(&model, layer_idx, [5, 7]).unwrap();
        let first = field.start[0] + 5 * field.jump[0].cast_signed();
        assert_eq!(extent.rows, [first, first + field.size[0].cast_signed() - 1]);
    }
    // Pooling of one cell with the padding on one side only sees less than what goes around it.
    let json = r#"{"version":1,"input":[1,9,9],"layers":[
        {"type":"AvgPool2d","kernel_size":3,"stride":1,"padding":1},
        {"type":"Conv2d","out_channels":1,"kernel_size":1},
        {"type":"Residual","from":0},
        {"type":"Residual","from":1}]}"#;
    let model = ModelSpec::from_json(json).unwrap();
    let geometry = model.geometry(None);
    assert_eq!(geometry.layers[3].receptive_field.size, [3, 3]);
    let extent = crate::receptive_field::extent(&model, 3, [4, 4]).unwrap();
    assert_eq!((extent.rows, extent.columns), ([3, 5], [3, 5]));
}

#[test]
fn absurd_sizes_are_refused_before_anything_is_multiplied() {
    let s = presets::model("s").unwrap();
    for layer in [
        json(r#"{"type":"Linear","out_features":18446744073709551615}"#),
        json(r#"{"type":"AdaptiveAvgPool2d","output_size":4294967296}"#),
        json(r#"{"type":"Conv2d","out_channels":18446744073709551615,"kernel_size":3}"#),
        json(r#"{"type":"Conv2d","out_channels":1,"kernel_size":[3,18446744073709551615]}"#),
        json(r#"{"type":"MaxPool2d","kernel_size":18446744073709551615,"padding":18446744073709551615}"#),
    ] {
        let model = ModelSpec { layers: vec![layer], ..s.clone() };
        assert!(model.geometry(Some(10)).error.is_some());
    }
}

fn json(text: &str) -> LayerSpec {
    serde_json::from_str(text).unwrap()
}

fn remove(model: &ModelSpec, layer_idx: usize) -> ModelSpec {
    let mut model = model.clone();
    model.layers.remove(layer_idx);
    model
}

fn insert(model: &ModelSpec, layer_idx: usize, layer: LayerSpec) -> ModelSpec {
    let mut model = model.clone();
    model.layers.insert(layer_idx, layer);
    model
}
