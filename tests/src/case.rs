use std::rc::Rc;

use gpu::{Device, Traits};
use tensor::ops::{Binary, Op, SumTo};
use tensor::random::{Purpose, Stream};
use tensor::{Graph, NodeId, Plan, PlanRequest, Value, cpu};

/// Named outputs.
pub type Results = Vec<(String, Vec<f32>)>;

/// A small graph with the numbers that go in, to be run on either executor.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is computed.
    pub graph: Graph,
    given: Vec<(String, Given)>,
    outputs: Vec<(String, NodeId)>,
    stream: Stream,
}

#[derive(Clone, Debug)]
enum Given {
    F32(Vec<f32>),
    U32(Vec<u32>),
}

impl Default for Case {
    fn default() -> Self {
        Self {
            graph: Graph::new(),
            given: Vec::new(),
            outputs: Vec::new(),
            stream: Stream::new(1, Purpose::Test, 0),
        }
    }
}

impl Case {
    /// One operation over inputs of these shapes between −1 and 1, and its gradients.
    ///
    /// # Panics
    /// Where the operation does not take them.
    pub fn of(op: impl Into<Op>, shapes: &[&[usize]]) -> Self {
        let mut case = Self::default();
        let inputs: Vec<NodeId> = (0..).zip(shapes).map(|(idx, shape)| case.uniform(idx, shape)).collect();
        let output = case.graph.apply(op, &inputs).expect("the case is meant to be valid");
        case.output("output", output);
        case.output_gradients(output, &inputs, None);
        case
    }

    /// An input between −1 and 1, named by its position.
    pub fn uniform(&mut self, idx: usize, shape: &[usize]) -> NodeId {
        let numbers = (0..shape.iter().product()).map(|_| self.stream.uniform_in(-1.0, 1.0)).collect();
        self.input(&format!("input {idx}"), shape, numbers)
    }

    /// An input with these numbers.
    pub fn input(&mut self, name: &str, shape: &[usize], numbers: Vec<f32>) -> NodeId {
        self.given.push((name.to_owned(), Given::F32(numbers)));
        self.graph.input(name, Value::f32(shape))
    }

    /// An input with these unsigned integers.
    pub fn input_u32(&mut self, name: &str, shape: &[usize], numbers: Vec<u32>) -> NodeId {
        self.given.push((name.to_owned(), Given::U32(numbers)));
        self.graph.input(name, Value::u32(shape))
    }

    /// Labels below `n_classes`.
    pub fn labels(&mut self, n: usize, n_classes: usize) -> NodeId {
        let labels = (0..n).map(|_| self.stream.next_u32() % n_classes as u32).collect();
        self.input_u32("labels", &[n], labels)
    }

    /// These labels.
    pub fn given_labels(&mut self, labels: Vec<u32>) -> NodeId {
        let n = labels.len();
        self.given.push(("labels".to_owned(), Given::U32(labels)));
        self.graph.input("labels", Value::u32([n]))
    }

    /// Something to compare.
    pub fn output(&mut self, name: &str, node: NodeId) {
        self.outputs.push((name.to_owned(), node));
    }

    /// The gradients of `Σ output · upstream` as outputs `grad of NAME`; the upstream gradient is random unless given.
    ///
    /// # Panics
    /// Where there is no gradient.
    pub fn output_gradients(&mut self, output: NodeId, of: &[NodeId], upstream: Option<Vec<f32>>) {
        let shape = self.graph.shape(output).to_vec();
        let upstream = match upstream {
            Some(numbers) => self.input("upstream", &shape, numbers),
            None => self.uniform(usize::MAX, &shape),
        };
        let mut apply = |op: Op, inputs: &[NodeId]| self.graph.apply(op, inputs).expect("the shapes agree");
        let product = apply(Binary::Mul.into(), &[output, upstream]);
        let loss = apply(SumTo { shape: Vec::new() }.into(), &[product]);
        let gradients = self.graph.gradients(loss, of).expect("every case's operation has a gradient");
        for (&input, gradient) in of.iter().zip(gradients) {
            let Op::Input(name) = &self.graph.node(input).op else { panic!("gradients are asked of inputs") };
            let name = format!("grad of {name}");
            self.output(&name, gradient.expect("the output depends on every input"));
        }
    }

    fn plan(&self, unfused: bool) -> Plan {
        let outputs = self.outputs.clone();
        Plan::compile(&self.graph, &PlanRequest { outputs, unfused, ..PlanRequest::default() })
    }

    /// The names of the steps that it becomes when what can be fused is.
    pub fn fused_steps(&self) -> Vec<&'static str> {
        self.plan(false).steps.iter().map(|step| step.kernel.name()).collect()
    }

    /// The shaders of the fused steps for such a GPU.
    ///
    /// # Panics
    /// Where a step has none.
    pub fn fused_shaders(&self, traits: Traits) -> Vec<String> {
        let shader = |step| gpu::shader(step, traits).expect("the step has a shader");
        self.plan(false).steps.iter().map(shader).collect()
    }

    /// What the CPU makes of it.
    ///
    /// # Panics
    /// Where the CPU cannot run it.
    pub fn on_cpu(&self) -> Results {
        self.plan_on_cpu(self.plan(true))
    }

    fn plan_on_cpu(&self, plan: Plan) -> Results {
        let mut executor = cpu::Executor::new(&plan.layout.clone(), 0);
        let plan = executor.add(plan).expect("the CPU runs every case");
        for (name, given) in &self.given {
            match given {
                Given::F32(numbers) => executor.write_input(plan, name, numbers),
                Given::U32(numbers) => executor.write_input_u32(plan, name, numbers),
            }
            .expect("the case gives its own inputs");
        }
        executor.run(plan);
        let output =
            |name: &str| executor.output(plan, name).expect("the case asks for its outputs").to_vec();
        self.outputs.iter().map(|(name, _)| (name.clone(), output(name))).collect()
    }

    /// What the GPU makes of it.
    ///
    /// # Panics
    /// Where the GPU cannot run it.
    pub async fn on_gpu(&self, device: &Rc<Device>) -> Results {
        self.plan_on_gpu(device, self.plan(true)).await
    }

    async fn plan_on_gpu(&self, device: &Rc<Device>, plan: Plan) -> Results {
        let mut executor = gpu::Executor::new(device, &plan.layout.clone(), 0).expect("the GPU is there");
        let plan = executor.add(plan).expect("the GPU runs every case");
        for (name, given) in &self.given {
            match given {
                Given::F32(numbers) => executor.write_input(plan, name, numbers),
                Given::U32(numbers) => executor.write_input_u32(plan, name, numbers),
            }
            .expect("the case gives its own inputs");
        }
        executor.run(plan).expect("the GPU is there");
        let names: Vec<&str> = self.outputs.iter().map(|(name, _)| name.as_str()).collect();
        let numbers = executor.read_outputs(plan, &names).await.expect("the GPU is there");
        names.into_iter().map(str::to_owned).zip(numbers).collect()
    }

    /// Checks that the two executors agree.
    ///
    /// # Panics
    /// Where they do not.
    pub async fn assert_parity(&self, device: &Rc<Device>, what: &str) {
        assert_same(what, &self.on_gpu(device).await, &self.on_cpu());
    }

    /// Checks that the GPU computes the fused steps as the CPU does, and as both compute the operations one by one; natively
    /// with the kernels for other kinds of GPU too.
    ///
    /// # Panics
    /// Where they do not.
    pub async fn assert_fused_parity(&self, device: &Rc<Device>, what: &str) {
        let own = device.traits();
        let mut kinds = vec![own];
        // Compiling takes a browser long.
        if cfg!(not(target_arch = "wasm32")) {
            kinds.extend([false, true].map(|is_software| Traits { is_software, has_quads: false }));
        }
        for traits in kinds {
            device.choose_kernels_for(traits);
            let received = self.plan_on_gpu(device, self.plan(false)).await;
            let what = format!("{what}, {traits:?}");
            assert_same(&format!("{what}, fused"), &received, &self.plan_on_cpu(self.plan(false)));
            assert_same(&format!("{what}, fused and not"), &received, &self.on_cpu());
        }
        device.choose_kernels_for(own);
    }
}

fn assert_same(what: &str, received: &Results, expected: &Results) {
    for ((name, expected), (_, received)) in expected.iter().zip(received) {
        assert_close(&format!("{what}, {name}"), received, expected, Tolerance::SUMS);
    }
}

/// How far numbers may lie apart, as a part of the largest number in the tensor, or of 1 where all are smaller.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance(pub f32);

impl Tolerance {
    /// For one operation. Both sides compute in 32 bits, but add in different orders, where each addition rounds by up to
    /// 6·10⁻⁸ of the sum so far, and WGSL's `exp`, `log`, `tanh` and division may be several units off in the last
    /// place.
    pub const SUMS: Self = Self(1e-5);
}

/// Compares tensors.
///
/// # Panics
/// Where a number is further off than the tolerance, or is not finite where the other is.
pub fn assert_close(what: &str, received: &[f32], expected: &[f32], tolerance: Tolerance) {
    assert_eq!(received.len(), expected.len(), "{what}: the lengths differ");
    let largest = expected.iter().fold(1.0f32, |largest, number| largest.max(number.abs()));
    let allowed = tolerance.0 * largest;
    for (position, (received, expected)) in received.iter().zip(expected).enumerate() {
        let agree = (received - expected).abs() <= allowed || received == expected;
        assert!(
            agree || (received.is_nan() && expected.is_nan()),
            "{what}: {received} at position {position}, but {expected} is expected, give or take {allowed:e}"
        );
    }
}
