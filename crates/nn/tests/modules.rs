//! Modules: what they own, what they are called, what they load.
#![allow(missing_docs, reason = "tests are named for what they say")]

use nn::layers;
use nn::modules::{
    BatchNorm2d, Conv2d, Dropout, ELU, Flatten, GELU, LeakyReLU, Linear, MaxPool2d, Module, ReLU, Residual,
    Sequential, Sigmoid, Softmax, StateDict, Tanh, read_state_dict, write_state_dict,
};
use nn::optim::{Optim, clip_grad_norm_};
use nn::{Network, StateDictError, presets};
use tensor::random::{Purpose, Stream};
use tensor::{DType, Tensor, TensorError};

fn stream() -> Stream {
    Stream::new(0, Purpose::Test, 0)
}

fn normed() -> Sequential {
    Sequential::new()
        .then(Conv2d::new(1, 4, 3, &mut stream()).unwrap().padding(1).without_bias())
        .then(BatchNorm2d::new(4).unwrap())
        .then(ReLU)
        .then(Flatten::default())
        .then(Linear::new(4 * 6 * 6, 3, &mut stream()).unwrap())
}

fn images() -> Tensor {
    Tensor::randn([5, 1, 6, 6], &mut stream())
}

#[test]
fn a_network_is_printed_as_pytorch_prints_it() {
    let depthwise = layers::Conv2d { out_channels: 4, groups: 4, ..layers::Conv2d::default() };
    let body = Sequential::new()
        .then(Conv2d::with_arguments(4, depthwise, &mut stream()).unwrap().padding(1))
        .then(GELU::default());
    let model = Sequential::new()
        .then(Conv2d::new(1, 4, [3, 5], &mut stream()).unwrap().stride(2).without_bias())
        .then(BatchNorm2d::new(4).unwrap())
        .then_named("block", Residual::new(body))
        .then(MaxPool2d::new(2).stride(1))
        .then(LeakyReLU::default())
        .then(ELU::default())
        .then(Dropout::new(0.5, stream()).unwrap())
        .then(Softmax { dim: 1 })
        .then(Linear::new(7, 2, &mut stream()).unwrap().without_bias());
    let expected = "\
Sequential(
  (0): Conv2d(1, 4, kernel_size=(3, 5), stride=(2, 2), bias=False)
  (1): BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
  (block): Residual(
    (body): Sequential(
      (0): Conv2d(4, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=4)
      (1): GELU(approximate='none')
    )
  )
  (3): MaxPool2d(kernel_size=2, stride=1, padding=0, dilation=1, ceil_mode=False)
  (4): LeakyReLU(negative_slope=0.01)
  (5): ELU(alpha=1.0)
  (6): Dropout(p=0.5, inplace=False)
  (7): Softmax(dim=1)
  (8): Linear(in_features=7, out_features=2, bias=False)
)";
    assert_eq!(model.to_string(), expected);
}

#[test]
fn a_state_dict_has_pytorchs_names_and_survives_a_file() {
    let (model, other) = (normed(), normed());
    model.forward(&images()).unwrap();
    let state = model.state_dict();
    let names: Vec<&str> = state.iter().map(|(name, _)| name.as_str()).collect();
    let norm = ["1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"];
    assert_eq!(names, [&["0.weight"][..], &norm, &["4.weight", "4.bias"]].concat());
    assert_eq!(model.named_parameters().len(), 5);
    assert_eq!(model.named_buffers()[2].1.item().unwrap(), 1.0);

    other.load_state_dict(&read_state_dict(&write_state_dict(&state)).unwrap()).unwrap();
    model.eval();
    other.eval();
    let [a, b] = [&model, &other].map(|model| model.forward(&images()).unwrap());
    assert!(a.all_close(&b, 0.0, 0.0));
    assert_eq!(other.state_dict()[5].1.to_vec::<i64>().unwrap(), [1]);
}

#[test]
fn a_state_dict_that_does_not_fit_is_refused_and_changes_nothing() {
    let model = normed();
    let before = model.parameters()[0].to_vec::<f32>().unwrap();
    let changed = |change: &dyn Fn(&mut StateDict)| {
        let mut state = read_state_dict(&write_state_dict(&model.state_dict())).unwrap();
        state.iter_mut().for_each(|(_, tensor)| *tensor = tensor.add(1.0).unwrap_or_else(|_| tensor.clone()));
        change(&mut state);
        model.load_state_dict(&state).unwrap_err()
    };
    let missing = changed(&|state| state.retain(|(name, _)| name != "4.bias"));
    assert!(matches!(missing, StateDictError::Missing { name, .. } if name == "4.bias"));
    let unexpected = changed(&|state| state.push(("9.weight".to_owned(), Tensor::zeros([1]))));
    assert!(matches!(unexpected, StateDictError::Unexpected { name } if name == "9.weight"));
    let shape = changed(&|state| state.last_mut().unwrap().1 = Tensor::zeros([3, 3]));
    assert!(matches!(shape, StateDictError::Shape { .. }));
    let infinite = changed(&|state| state.last_mut().unwrap().1.fill_(f64::INFINITY).unwrap());
    assert!(matches!(infinite, StateDictError::NotFinite { .. }));
    assert_eq!(model.parameters()[0].to_vec::<f32>().unwrap(), before);
    assert!(matches!(read_state_dict(b"nonsense"), Err(StateDictError::Format(_))));
}

#[test]
fn every_kind_of_element_survives_a_file() {
    let kinds = [DType::F32, DType::F16, DType::I64, DType::U8, DType::Bool];
    let tensors: Vec<_> = kinds
        .iter()
        .map(|&kind| {
            (format!("{kind:?}"), Tensor::from([[0, 1, 3], [1, 0, 200]]).t().unwrap().to(kind).unwrap())
        })
        .collect();
    for (name, tensor) in read_state_dict(&write_state_dict(&tensors)).unwrap() {
        let (_, expected) = tensors.iter().find(|(found, _)| *found == name).unwrap();
        assert_eq!(tensor.dtype(), expected.dtype());
        assert!(tensor.all_close(expected, 0.0, 0.0), "{name}");
    }
}

#[test]
fn a_model_description_becomes_modules_with_the_weights_that_training_starts_from() {
    for preset in presets::all() {
        let network = Network::new(preset.model, 10).unwrap();
        let model = Sequential::from_network(&network, 7).unwrap();
        let numbers = nn::initial_parameters(&network.layout(), 7);
        let parameters = model.named_parameters();
        // Running statistics are kept beside the parameters, and are none.
        let layout = network.layout();
        let slots: Vec<_> = layout.slots.iter().filter(|slot| slot.trainable).collect();
        assert_eq!(parameters.len(), slots.len(), "{}", preset.name);
        for ((name, parameter), slot) in parameters.iter().zip(slots) {
            assert_eq!((name, parameter.shape()), (&slot.name, &slot.shape[..]));
            assert_eq!(parameter.to_vec::<f32>().unwrap(), numbers[slot.range()]);
        }
        let outputs = model.forward_all(&Tensor::zeros([1, 1, 28, 28])).unwrap();
        for (output, layer) in outputs.iter().zip(&network.geometry().layers) {
            assert_eq!(output.shape()[1..], layer.output, "{}", preset.name);
        }
    }
}

#[test]
fn frozen_parameters_get_no_gradient_and_are_not_stepped() {
    let model = Sequential::new()
        .then(Linear::new(2, 2, &mut stream()).unwrap())
        .then(Tanh)
        .then(Linear::new(2, 1, &mut stream()).unwrap());
    let (_, first) = model.children()[0];
    first.requires_grad_(false).unwrap();
    let before: Vec<Vec<f32>> = model.parameters().iter().map(|p| p.to_vec().unwrap()).collect();
    let mut optimiser = Optim::adam(model.parameters(), 0.1);
    let step = |optimiser: &mut Optim| {
        let loss = model.forward(&Tensor::ones([1, 2])).unwrap().square().unwrap().sum(.., false).unwrap();
        loss.backward().unwrap();
        optimiser.step().unwrap();
    };
    step(&mut optimiser);
    let changed = |idx: usize| model.parameters()[idx].to_vec::<f32>().unwrap() != before[idx];
    assert_eq!([0, 1, 2, 3].map(changed), [false, false, true, true]);
    first.requires_grad_(true).unwrap();
    step(&mut optimiser);
    assert!(changed(0));
}

#[test]
fn batch_normalisation_without_a_momentum_averages_all_batches() {
    let norm = BatchNorm2d::new(1).unwrap().momentum(None);
    for number in [1.0, 2.0, 6.0] {
        norm.forward(&Tensor::full([2, 1, 2, 2], number)).unwrap();
    }
    let (name, mean) = norm.own_buffers()[0];
    assert_eq!(name, "running_mean");
    assert!((mean.item().unwrap() - 3.0).abs() < 1e-6);
    assert!(matches!(norm.forward(&Tensor::zeros([2, 1])), Err(TensorError::Shapes { .. })));
}

#[test]
fn a_residual_block_adds_what_it_computes_and_refuses_another_shape() {
    let block = Residual::new(Sigmoid);
    assert_eq!(block.forward(&Tensor::zeros([2])).unwrap().to_vec::<f32>().unwrap(), [0.5, 0.5]);
    let narrowing = Conv2d::new(4, 2, 1, &mut stream()).unwrap();
    let error = Residual::new(narrowing.clone()).forward(&Tensor::zeros([1, 4, 3, 3])).unwrap_err();
    assert!(matches!(error, TensorError::Shapes { operation: "Residual", .. }));
    let block = Residual::new(narrowing).shortcut(Conv2d::new(4, 2, 1, &mut stream()).unwrap());
    assert_eq!(block.forward(&Tensor::zeros([1, 4, 3, 3])).unwrap().shape(), [1, 2, 3, 3]);
    assert_eq!(block.named_parameters()[2].0, "shortcut.weight");
}

#[test]
fn groups_that_do_not_divide_the_channels_are_refused() {
    let arguments = layers::Conv2d { out_channels: 4, groups: 3, ..layers::Conv2d::default() };
    let error = Conv2d::with_arguments(3, arguments, &mut stream()).unwrap_err();
    assert!(matches!(error, TensorError::Argument { argument: "groups", .. }));
}

#[test]
fn clipping_scales_all_gradients_by_their_common_norm() {
    let [a, b] = [Tensor::zeros([2]), Tensor::zeros([1])].map(|tensor| tensor.with_grad().unwrap());
    let loss = a.mul(Tensor::from([3.0, 0.0])).unwrap().sum(.., false).unwrap().add(b.mul(4.0).unwrap());
    loss.unwrap().sum(.., false).unwrap().backward().unwrap();
    let parameters = [a.clone(), b.clone()];
    assert!((clip_grad_norm_(&parameters, 10.0).unwrap() - 5.0).abs() < 1e-6, "nothing to clip");
    assert!((clip_grad_norm_(&parameters, 1.0).unwrap() - 5.0).abs() < 1e-6);
    assert!(a.grad().unwrap().all_close(&Tensor::from([0.6, 0.0]), 1e-5, 0.0));
    assert!(b.grad().unwrap().all_close(&Tensor::from([0.8]), 1e-5, 0.0));
    assert!(matches!(clip_grad_norm_(&parameters, -1.0), Err(TensorError::Argument { .. })));
}

#[test]
fn modules_of_a_network_compute_what_its_plan_does() {
    let json = r#"{"version":1,"input":[1,6,6],"layers":[
        {"type":"Conv2d","out_channels":4,"kernel_size":3,"padding":1,"bias":false},
        {"type":"BatchNorm2d"},
        {"type":"GELU"},
        {"type":"Conv2d","out_channels":4,"kernel_size":3,"padding":1},
        {"type":"BatchNorm2d","affine":false,"eps":0.01},
        {"type":"Residual","from":2},
        {"type":"ELU","alpha":0.5},
        {"type":"GELU","approximate":"tanh"},
        {"type":"Dropout","p":0.2},
        {"type":"BatchNorm2d","track_running_stats":false},
        {"type":"Flatten"},
        {"type":"Linear","out_features":3}]}"#;
    let network = Network::new(nn::ModelSpec::from_json(json).unwrap(), 3).unwrap();
    let model = Sequential::from_network(&network, 5).unwrap();
    let layout = network.layout();
    let names: Vec<String> = layout.slots.iter().map(|slot| slot.name.clone()).collect();
    let mut own: Vec<String> = model.state_dict().into_iter().map(|(name, _)| name).collect();
    let mut sorted = names.clone();
    sorted.sort();
    own.sort();
    assert_eq!(own, sorted);
    assert!(names.contains(&"4.running_var".to_owned()) && !names.contains(&"4.weight".to_owned()));
    model.eval();
    let images = Tensor::randn([5, 1, 6, 6], &mut stream());
    let expected = model.forward(&images).unwrap().to_vec::<f32>().unwrap();

    let mut executor = tensor::cpu::Executor::new(&layout, 0);
    executor.set_parameters(&nn::initial_parameters(&layout, 5)).unwrap();
    let plan = executor.add(network.evaluation_plan(5).unwrap()).unwrap();
    executor.write_input(plan, nn::names::IMAGES, &images.to_vec::<f32>().unwrap()).unwrap();
    executor.run(plan);
    for (a, b) in executor.output(plan, nn::names::LOGITS).unwrap().iter().zip(expected) {
        assert!((a - b).abs() < 1e-5, "{a} is not {b}");
    }
}
