//! The script says what the network and the options say.

use export::ExportError;
use nn::loss::{CrossEntropyLoss, Loss};
use nn::optimiser::{Adagrad, Adam, AdamW, RMSprop, Sgd};
use nn::options::Augment;
use nn::schedule::{CosineAnnealingLR, OneCycleLR, Schedule, StepLR, Warmup};
use nn::{Initialisation, ModelSpec, Network, Optimiser, TrainingOptions};

const LINEAR: &str = r#"{"type":"Flatten"},{"type":"Linear","out_features":10}"#;

fn script(layers: &str, options: &TrainingOptions) -> String {
    let json = format!(r#"{{"version":1,"input":[1,28,28],"layers":[{layers}]}}"#);
    let network = Network::new(ModelSpec::from_json(&json).unwrap(), 10).unwrap();
    export::pytorch::script(&network, options, "weights.safetensors").unwrap()
}

/// The lines from the one that begins so to the one that ends it at the same indentation.
fn block<'a>(script: &'a str, start: &str) -> &'a str {
    let from = script.find(start).unwrap_or_else(|| panic!("{start} is not in the script"));
    let len = script[from..].find("\n    )\n").expect("the block ends");
    &script[from..from + len]
}

#[test]
fn each_layer_is_there_with_the_arguments_that_are_not_pytorchs_defaults() {
    let layers = r#"
        {"type":"Conv2d","out_channels":6,"kernel_size":[3,5],"stride":[1,2],"padding":[2,1],"dilation":[2,1]},
        {"type":"BatchNorm2d"},
        {"type":"LeakyReLU","negative_slope":0.2},
        {"type":"Conv2d","out_channels":9,"kernel_size":3,"groups":3,"bias":false},
        {"type":"BatchNorm2d","eps":0.01,"momentum":0.5,"affine":false,"track_running_stats":false},
        {"type":"Tanh"},
        {"type":"MaxPool2d","kernel_size":[3,2],"stride":2,"padding":1},
        {"type":"AvgPool2d","kernel_size":3,"stride":[2,1],"padding":1},
        {"type":"Sigmoid"},
        {"type":"AdaptiveAvgPool2d","output_size":[3,4]},
        {"type":"ReLU"},
        {"type":"Flatten"},
        {"type":"Linear","out_features":20,"bias":false},
        {"type":"ELU","alpha":0.5},
        {"type":"Dropout"},
        {"type":"GELU"},
        {"type":"GELU","approximate":"tanh"},
        {"type":"Softmax"},
        {"type":"Linear","out_features":10},
        {"type":"LogSoftmax"}"#;
    let script = script(layers, &TrainingOptions::default());
    let expected = "return nn.Sequential(
        nn.Conv2d(  # 6 x 28 x 13
            1,
            6,
            kernel_size=(3, 5),
            stride=(1, 2),
            padding=(2, 1),
            dilation=(2, 1),
        ),
        nn.BatchNorm2d(6),  # 6 x 28 x 13
        nn.LeakyReLU(negative_slope=0.2),  # 6 x 28 x 13
        nn.Conv2d(6, 9, kernel_size=3, groups=3, bias=False),  # 9 x 26 x 11
        nn.BatchNorm2d(  # 9 x 26 x 11
            9,
            eps=0.01,
            momentum=0.5,
            affine=False,
            track_running_stats=False,
        ),
        nn.Tanh(),  # 9 x 26 x 11
        nn.MaxPool2d(kernel_size=(3, 2), stride=2, padding=1),  # 9 x 13 x 6
        nn.AvgPool2d(kernel_size=3, stride=(2, 1), padding=1),  # 9 x 7 x 6
        nn.Sigmoid(),  # 9 x 7 x 6
        nn.AdaptiveAvgPool2d((3, 4)),  # 9 x 3 x 4
        nn.ReLU(),  # 9 x 3 x 4
        nn.Flatten(),  # 108
        nn.Linear(108, 20, bias=False),  # 20
        nn.ELU(alpha=0.5),  # 20
        nn.Dropout(p=0.5),  # 20
        nn.GELU(),  # 20
        nn.GELU(approximate=\"tanh\"),  # 20
        nn.Softmax(dim=-1),  # 20
        nn.Linear(20, 10),  # 10
        nn.LogSoftmax(dim=-1),  # 10";
    assert_eq!(block(&script, "return nn.Sequential("), expected);
}

#[test]
fn a_residual_brings_the_classes_that_add() {
    let layers = r#"{"type":"Flatten"},{"type":"Linear","out_features":10},{"type":"ReLU"},{"type":"Residual","from":2}"#;
    let with = script(layers, &TrainingOptions::default());
    assert!(with.contains("        Residual(start=2),  # 10\n") && with.contains("return Network(\n"));
    assert!(
        with.contains("SEED = 0\n\n\nclass Residual(nn.Module):")
            && with.contains("return x\n\n\ndef make_model")
    );
    let without = script(LINEAR, &TrainingOptions::default());
    assert!(without.contains("SEED = 0\n\n\ndef make_model") && !without.contains("Residual"));
}

#[test]
fn the_options_are_those_of_the_run() {
    let sgd = Sgd { nesterov: true, weight_decay: 1e-4, ..Sgd::default() };
    let options = TrainingOptions {
        optimiser: Optimiser::Sgd(sgd),
        learning_rate: 0.125,
        batch_size: 96,
        seed: u64::MAX,
        epochs: 2.5,
        ..TrainingOptions::default()
    };
    let with_sgd = script(LINEAR, &options);
    assert!(
        with_sgd.contains("\nBATCH_SIZE = 96  #") && with_sgd.contains("\nSEED = 18446744073709551615\n")
    );
    assert!(with_sgd.contains(r#"add("--epochs", type=int, default=3)"#));
    let expected = "return torch.optim.SGD(
        model.parameters(),
        lr=0.125,
        momentum=0.9,
        weight_decay=0.0001,
        nesterov=True,";
    assert_eq!(block(&with_sgd, "return torch.optim.SGD("), expected);
}

#[test]
fn an_optimiser_has_the_arguments_that_are_not_pytorchs_defaults() {
    let returns = |optimiser: Optimiser| {
        let options = TrainingOptions { optimiser, learning_rate: 0.01, ..TrainingOptions::default() };
        let (_, rest) = script(LINEAR, &options).split_once("into steps.\"\"\"\n").map(owned).unwrap();
        let lines = rest.split_once("\n\n").unwrap().0.lines().map(str::trim);
        let line = lines.collect::<Vec<_>>().join(" ");
        line.replace("return torch.optim.", "").replace("model.parameters(), ", "")
    };
    assert_eq!(returns(Optimiser::adam()), "Adam(lr=0.01)");
    let adam = Adam { betas: [0.5, 0.999], eps: 1e-7, weight_decay: 0.0 };
    assert_eq!(returns(Optimiser::Adam(adam)), "Adam( lr=0.01, betas=(0.5, 0.999), eps=1e-7, )");
    // PyTorch's default is 0.01, so that 0 has to be said.
    let adamw = AdamW { weight_decay: 0.0, ..AdamW::default() };
    assert_eq!(returns(Optimiser::AdamW(adamw)), "AdamW(lr=0.01, weight_decay=0.0)");
    let rmsprop = RMSprop { alpha: 0.9, centered: true, ..RMSprop::default() };
    let expected = "RMSprop( lr=0.01, alpha=0.9, momentum=0.0, centered=True, )";
    assert_eq!(returns(Optimiser::RMSprop(rmsprop)), expected);
    assert_eq!(returns(Optimiser::Adagrad(Adagrad::default())), "Adagrad(lr=0.01)");
    // PyTorch refuses Nesterov's rule without momentum.
    let still = Sgd { momentum: 0.0, nesterov: true, ..Sgd::default() };
    assert_eq!(returns(Optimiser::Sgd(still)), "SGD(lr=0.01, momentum=0.0)");
}

fn owned((before, after): (&str, &str)) -> (String, String) {
    (before.to_owned(), after.to_owned())
}

#[test]
fn the_schedule_is_pytorchs_in_steps() {
    let returns = |schedule: Schedule, warmup: f64| {
        let warmup = Warmup { epochs: warmup, start_factor: 0.2 };
        let options = TrainingOptions { schedule, warmup, ..TrainingOptions::default() };
        let (_, rest) = script(LINEAR, &options).split_once("a whole run.\"\"\"\n").map(owned).unwrap();
        let lines = rest.split_once("\n\n").unwrap().0.lines().map(str::trim);
        lines.collect::<Vec<_>>().join(" ").replace("lr_scheduler.", "")
    };
    assert_eq!(returns(Schedule::Constant, 0.0), "return ConstantLR(optimizer, factor=1.0)");
    let step = Schedule::StepLR(StepLR { step_size: 1.5, gamma: 0.5 });
    let expected =
        "return StepLR( optimizer, step_size=max(1, int(1.5 * steps_per_epoch + 0.5)), gamma=0.5, )";
    assert_eq!(returns(step, 0.0), expected);
    let cosine = Schedule::CosineAnnealingLR(CosineAnnealingLR { eta_min: 0.001 });
    let expected = "n_rising = max(1, int(0.5 * steps_per_epoch + 0.5)) n_steps = max(1, n_steps - n_rising) \
                    rise = LinearLR( optimizer, start_factor=0.2, total_iters=n_rising, ) \
                    schedule = CosineAnnealingLR( optimizer, T_max=n_steps, eta_min=0.001, ) \
                    return SequentialLR( optimizer, [rise, schedule], milestones=[n_rising], )";
    assert_eq!(returns(cosine, 0.5), expected);
    let one_cycle = returns(Schedule::OneCycleLR(OneCycleLR::default()), 0.0);
    for argument in ["max_lr=0.05", "total_steps=n_steps", "pct_start=0.3", "final_div_factor=10000.0"] {
        assert!(one_cycle.contains(argument), "{one_cycle}");
    }
}

#[test]
fn losses_penalties_frozen_layers_and_moved_pictures_are_written_out() {
    let plain = script(LINEAR, &TrainingOptions::default());
    assert!(
        plain.contains("    return nn.CrossEntropyLoss()\n") && plain.contains("to_pixels(images, device)")
    );
    for word in ["clip_grad_norm_", "sign()", "requires_grad_", "moved", "one_hot"] {
        assert!(!plain.contains(word), "{word}");
    }
    let usual = TrainingOptions::default();
    let smoothed = CrossEntropyLoss { label_smoothing: 0.1 };
    let options = TrainingOptions { loss: Loss::CrossEntropyLoss(smoothed), ..usual.clone() };
    assert!(script(LINEAR, &options).contains("    return nn.CrossEntropyLoss(label_smoothing=0.1)\n"));
    for loss in Loss::all().into_iter().skip(2) {
        let text = script(LINEAR, &TrainingOptions { loss, ..usual.clone() });
        assert!(text.contains(&format!(
            "    compare = nn.{}()\n    return lambda output, labels: compare(",
            loss.name()
        )));
        assert!(text.contains("import one_hot\n"));
    }
    let options = TrainingOptions {
        l1: 1e-4,
        clip_grad_norm: Some(0.5),
        frozen: vec![1, 0, 1],
        augment: Augment { shift: 2 },
        ..usual
    };
    let text = script(LINEAR, &options);
    let expected = "        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter.grad += 0.0001 * parameter.detach().sign()
        optimizer.step()
";
    assert!(text.contains(expected), "{text}");
    assert!(
        text.contains("    for frozen in [0, 1]:\n        model[frozen].requires_grad_(False)\n    loss_of")
    );
    assert!(text.contains("pad(images, [2, 2, 2, 2])") && text.contains("torch.randint(5, ("));
    assert!(text.contains("to_pixels(moved(images), device)"));
    assert!(text.lines().all(|line| line.chars().count() <= 79 && !line.ends_with(' ')));
    assert!(!text.contains("\n\n\n\n") && !plain.contains("\n\n\n\n"));
}

#[test]
fn first_weights_are_drawn_as_the_options_say() {
    let layers = r#"
        {"type":"Conv2d","out_channels":4,"kernel_size":3},{"type":"BatchNorm2d"},{"type":"ReLU"},
        {"type":"Conv2d","out_channels":4,"kernel_size":3,"bias":false},{"type":"LeakyReLU","negative_slope":0.2},
        {"type":"Flatten"},{"type":"Linear","out_features":20},{"type":"Tanh"},
        {"type":"Linear","out_features":10}"#;
    let with =
        |initialisation| script(layers, &TrainingOptions { initialisation, ..TrainingOptions::default() });
    let plain = with(Initialisation::Default);
    // PyTorch's modules draw their defaults by themselves.
    assert!(!plain.contains("draw_weights") && !plain.contains("nn.init"));
    assert!(plain.contains("\"--fresh\", action=\"store_true\""));
    assert!(plain.contains("    if args.weights or (weights.exists() and not args.fresh):\n"));
    let expected = "

def draw_weights(model):
    \"\"\"First weights as He and others draw them; biases are 0.\"\"\"
    # Each layer that has weights, and the function that follows it.
    for position, name, slope in [
        (0, \"relu\", 0.0),
        (3, \"leaky_relu\", 0.2),
        (6, \"tanh\", 0.0),
        (8, \"linear\", 0.0),
    ]:
        layer = model[position]
        nn.init.kaiming_uniform_(layer.weight, slope, nonlinearity=name)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def make_loss():";
    let kaiming = with(Initialisation::KaimingUniform);
    assert!(kaiming.contains(expected), "{kaiming}");
    assert!(kaiming.contains("    model = make_model().to(device)\n    draw_weights(model)\n    weights = "));
    let normal = with(Initialisation::KaimingNormal);
    assert!(normal.contains("        nn.init.kaiming_normal_(layer.weight, slope, nonlinearity=name)\n"));
    for (initialisation, name) in
        [(Initialisation::XavierUniform, "uniform"), (Initialisation::XavierNormal, "normal")]
    {
        let expected = format!(
            "        gain = nn.init.calculate_gain(name, slope)\n        nn.init.xavier_{name}_(layer.weight, gain)\n"
        );
        assert!(with(initialisation).contains(&expected));
    }
    let zeros = with(Initialisation::Zeros);
    let expected = "    for position in [0, 3, 6, 8]:
        for parameter in model[position].parameters():
            nn.init.zeros_(parameter)
";
    assert!(zeros.contains(expected), "{zeros}");
    for text in Initialisation::ALL.map(with) {
        assert!(text.lines().all(|line| line.chars().count() <= 79 && !line.ends_with(' ')));
        assert!(!text.contains("\n\n\n\n"));
    }
}

#[test]
fn a_warm_up_that_pytorch_cannot_do_is_refused() {
    let network = Network::new(nn::presets::model("linear").unwrap(), 10).unwrap();
    let schedule = Schedule::OneCycleLR(OneCycleLR::default());
    let warmup = Warmup { epochs: 1.0, start_factor: 0.1 };
    let options = TrainingOptions { schedule, warmup, ..TrainingOptions::default() };
    let error = export::pytorch::script(&network, &options, "w").unwrap_err().to_string();
    assert!(error.starts_with("PyTorch's OneCycleLR rises by itself"), "{error}");
}

#[test]
fn no_line_is_wider_than_pythons_style_guide_allows_and_no_place_is_left_open() {
    for preset in nn::presets::all() {
        let network = Network::new(preset.model, 10).unwrap();
        let script = export::pytorch::script(&network, &TrainingOptions::default(), "w.safetensors").unwrap();
        assert!(script.lines().all(|line| line.chars().count() <= 79), "{}", preset.id);
        let words = script.split(|c: char| !c.is_alphanumeric() && c != '_');
        let open: Vec<&str> =
            words.filter(|word| word.starts_with("__") && word.to_uppercase() == *word).collect();
        assert_eq!(open, [""; 0], "{}", preset.id);
    }
}

#[test]
fn the_name_of_the_weights_is_a_string_and_never_code() {
    let network = Network::new(nn::presets::model("linear").unwrap(), 10).unwrap();
    let name = "\"); import os  # __LAYERS__\n\\";
    let script = export::pytorch::script(&network, &TrainingOptions::default(), name).unwrap();
    assert!(script.contains(r#"with_name("\"); import os  # __LAYERS__\U0000000a\\")"#), "{script}");
    assert!(script.contains("nn.Linear(784, 10),"));
}

#[test]
fn other_pictures_than_mnists_are_refused() {
    let json =
        r#"{"version":1,"input":[3,8,8],"layers":[{"type":"Flatten"},{"type":"Linear","out_features":10}]}"#;
    let network = Network::new(ModelSpec::from_json(json).unwrap(), 10).unwrap();
    let error = export::pytorch::script(&network, &TrainingOptions::default(), "w").unwrap_err();
    assert_eq!(error, ExportError::NotMnist { input: [3, 8, 8], n_classes: 10 });
}
