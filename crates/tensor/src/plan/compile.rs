use std::collections::HashMap;

use super::fuse::fuse;
use super::{Buffer, Kernel, NORM_CHUNK, Operand, ParameterLayout, Plan, PlanRequest, Region, Role, Step};
use crate::graph::{Graph, NodeId};
use crate::ops::Op;
use crate::update::HYPER_LEN;

impl Plan {
    /// Turns a graph into buffers and steps: what the request does not need is dropped, reshapes share their input's
    /// buffer, gradients are written where the optimiser reads them, and scratch buffers are used again as soon as
    /// nothing reads them any more. Chains of operations that one kernel can compute become one step.
    ///
    /// Whole buffers are reused, never parts of one: GPUs track the use of whole buffers.
    pub fn compile(graph: &Graph, request: &PlanRequest) -> Self {
        if request.unfused {
            return Compiler::new(graph, request).run();
        }
        let (graph, request) = fuse(graph, request);
        Compiler::new(&graph, &request).run()
    }
}

struct Compiler<'a> {
    graph: &'a Graph,
    request: &'a PlanRequest,
    plan: Plan,
    /// Where each node's numbers are, once they are anywhere.
    operands: Vec<Option<Operand>>,
    /// The last step that reads a node, by the node that owns the numbers.
    last_use: Vec<usize>,
    /// Nodes whose numbers go straight into the buffer of gradients, with the parameter's position.
    destinations: HashMap<NodeId, usize>,
    free: Vec<usize>,
    /// What an operation writes besides its own output, in order.
    further: HashMap<NodeId, Vec<NodeId>>,
}

const NEVER: usize = usize::MAX;

impl<'a> Compiler<'a> {
    fn new(graph: &'a Graph, request: &'a PlanRequest) -> Self {
        let layout = ParameterLayout::of(graph);
        let plan = Plan { buffers: Vec::new(), steps: Vec::new(), outputs: Vec::new(), layout };
        let n_nodes = graph.nodes().len();
        Self {
            graph,
            request,
            plan,
            operands: vec![None; n_nodes],
            last_use: vec![0; n_nodes],
            destinations: HashMap::new(),
            free: Vec::new(),
            further: HashMap::new(),
        }
    }

    fn run(mut self) -> Plan {
        let live = self.live_nodes();
        self.choose_destinations(&live);
        self.find_last_uses(&live);
        for (id, node) in self.graph.nodes() {
            if live[id.idx()] {
                let operand = match &node.op {
                    Op::Input(name) => self.buffer_for(id, Role::Input(name.clone())),
                    Op::Constant(number) => self.buffer_for(id, Role::Constant(*number)),
                    Op::Parameter(_) => self.parameter(id),
                    Op::Reshape(_) => {
                        let input = self.operand(node.inputs[0]);
                        Operand { region: input.region, value: node.value.clone() }
                    }
                    // Written together with the first output.
                    Op::Further(_) => continue,
                    op => self.step(id, op),
                };
                self.operands[id.idx()] = Some(operand);
            }
        }
        self.copy_other_gradients();
        self.blend();
        self.finish()
    }

    /// The node that owns a node's numbers: itself, or what it reshapes.
    fn owner(&self, mut id: NodeId) -> NodeId {
        while let Op::Reshape(_) = self.graph.node(id).op {
            id = self.graph.node(id).inputs[0];
        }
        id
    }

    /// What is computed: what the request needs, and what comes out together with it.
    fn live_nodes(&mut self) -> Vec<bool> {
        let mut live = self.graph.live(self.request.roots());
        for (id, node) in self.graph.nodes() {
            if let Op::Further(_) = node.op {
                let first = node.inputs[0];
                live[id.idx()] = live[first.idx()];
                self.further.entry(first).or_default().push(id);
            }
        }
        live
    }

    /// A gradient is computed in place unless something else needs its numbers too: no kernel may read and write the
    /// buffer of gradients at once.
    fn choose_destinations(&mut self, live: &[bool]) {
        let mut n_readers = vec![0; live.len()];
        for (_, node) in self.graph.nodes().filter(|(id, _)| live[id.idx()]) {
            if !matches!(node.op, Op::Reshape(_) | Op::Further(_)) {
                for &input in &node.inputs {
                    n_readers[self.owner(input).idx()] += 1;
                }
            }
        }
        for id in self.request.roots() {
            n_readers[self.owner(id).idx()] += 1;
        }
        for (position, gradient) in self.request.gradients.iter().enumerate() {
            if let Some(owner) = gradient.map(|id| self.owner(id)) {
                let computed = !self.graph.node(owner).inputs.is_empty();
                if computed && n_readers[owner.idx()] == 1 {
                    self.destinations.insert(owner, position);
                }
            }
        }
    }

    fn find_last_uses(&mut self, live: &[bool]) {
        for (id, node) in self.graph.nodes().filter(|(id, _)| live[id.idx()]) {
            if !matches!(node.op, Op::Reshape(_) | Op::Further(_)) {
                for &input in &node.inputs {
                    let owner = self.owner(input).idx();
                    self.last_use[owner] = id.idx();
                }
            }
        }
        for root in self.request.roots() {
            let owner = self.owner(root).idx();
            self.last_use[owner] = NEVER;
        }
    }

    fn operand(&self, id: NodeId) -> &Operand {
        self.operands[id.idx()].as_ref().expect("inputs come before what reads them")
    }

    fn buffer_for(&mut self, id: NodeId, role: Role) -> Operand {
        let value = self.graph.node(id).value.clone();
        let len = value.numel();
        self.plan.buffers.push(Buffer { role, len });
        Operand { region: Region { buffer: self.plan.buffers.len() - 1, offset: 0, len }, value }
    }

    /// The buffer of a role that there is once.
    fn shared(&mut self, role: &Role, len: usize) -> usize {
        let found = self.plan.buffers.iter().position(|buffer| buffer.role == *role);
        found.unwrap_or_else(|| {
            self.plan.buffers.push(Buffer { role: role.clone(), len });
            self.plan.buffers.len() - 1
        })
    }

    fn slot(&mut self, role: &Role, position: usize) -> Region {
        let buffer = self.shared(role, self.plan.layout.len);
        let range = self.plan.layout.slots[position].range();
        Region { buffer, offset: range.start, len: range.len() }
    }

    fn parameter(&mut self, id: NodeId) -> Operand {
        let position = self.graph.parameters().iter().position(|&parameter| parameter == id);
        let region = self.slot(&Role::Parameters, position.expect("the graph lists its parameters"));
        Operand { region, value: self.graph.node(id).value.clone() }
    }

    fn step(&mut self, id: NodeId, op: &Op) -> Operand {
        let node = self.graph.node(id);
        let reads: Vec<Operand> = node.inputs.iter().map(|&input| self.operand(input).clone()).collect();
        let output = self.place(id);
        let mut writes = vec![output.clone()];
        let further = self.further.get(&id).cloned().unwrap_or_default();
        for &further in &further {
            let operand = self.place(further);
            self.operands[further.idx()] = Some(operand.clone());
            writes.push(operand);
        }
        self.plan.steps.push(Step { kernel: Kernel::Operation(op.clone()), reads, writes });
        self.operands[id.idx()] = Some(output.clone());
        self.release(id, &node.inputs);
        for output in further.into_iter().chain([id]) {
            if self.last_use[output.idx()] == 0 {
                self.free(output);
            }
        }
        output
    }

    /// Where a node's numbers are to be written.
    fn place(&mut self, id: NodeId) -> Operand {
        let value = self.graph.node(id).value.clone();
        let region = match self.destinations.get(&id) {
            Some(&position) => self.slot(&Role::Gradients, position),
            None => self.scratch(value.numel()),
        };
        Operand { region, value }
    }

    fn scratch(&mut self, len: usize) -> Region {
        // The smallest free buffer that is large enough, else the largest, made larger.
        let enough = |&&buffer: &&usize| self.plan.buffers[buffer].len >= len;
        let by_len = |&&buffer: &&usize| self.plan.buffers[buffer].len;
        let chosen = self.free.iter().filter(enough).min_by_key(by_len);
        let chosen = chosen.or_else(|| self.free.iter().max_by_key(by_len)).copied();
        let buffer = match chosen {
            Some(buffer) => {
                self.free.retain(|&free| free != buffer);
                self.plan.buffers[buffer].len = self.plan.buffers[buffer].len.max(len);
                buffer
            }
            None => {
                self.plan.buffers.push(Buffer { role: Role::Scratch, len });
                self.plan.buffers.len() - 1
            }
        };
        Region { buffer, offset: 0, len }
    }

    fn release(&mut self, id: NodeId, inputs: &[NodeId]) {
        for &input in inputs {
            let owner = self.owner(input);
            if self.last_use[owner.idx()] == id.idx() {
                self.free(owner);
            }
        }
    }

    fn free(&mut self, owner: NodeId) {
        let buffer = self.operand(owner).region.buffer;
        if self.plan.buffers[buffer].role == Role::Scratch && !self.free.contains(&buffer) {
            self.free.push(buffer);
        }
    }

    fn copy_other_gradients(&mut self) {
        for (position, gradient) in self.request.gradients.iter().enumerate() {
            let Some(id) = *gradient else { continue };
            let owner = self.owner(id);
            if self.destinations.get(&owner) != Some(&position) {
                let from = self.operand(id).clone();
                let to = Operand { region: self.slot(&Role::Gradients, position), value: from.value.clone() };
                self.plan.steps.push(Step { kernel: Kernel::Copy, reads: vec![from], writes: vec![to] });
            }
        }
    }

    fn blend(&mut self) {
        for (kept, from, blend) in &self.request.blends {
            let from = self.operand(*from).clone();
            let to = self.parameter(*kept);
            self.plan.steps.push(Step { kernel: Kernel::Blend(*blend), reads: vec![from], writes: vec![to] });
        }
    }

    /// One number: the factor of the gradients in the optimiser's step.
    fn gradient_scale(&mut self, [gradients, hyper]: &[Operand; 2]) -> Operand {
        if !self.request.clip_grad_norm {
            self.plan.buffers.push(Buffer { role: Role::Constant(1.0), len: 1 });
            return Plan::beginning(self.plan.buffers.len() - 1, 1);
        }
        let mut scratch = |len| {
            self.plan.buffers.push(Buffer { role: Role::Scratch, len });
            Plan::beginning(self.plan.buffers.len() - 1, len)
        };
        let squares = scratch(gradients.region.len.div_ceil(NORM_CHUNK));
        let scale = scratch(1);
        self.plan.steps.push(Step {
            kernel: Kernel::GradNorm,
            reads: vec![gradients.clone()],
            writes: vec![squares.clone()],
        });
        self.plan.steps.push(Step {
            kernel: Kernel::ClipCoefficient,
            reads: vec![squares, hyper.clone()],
            writes: vec![scale.clone()],
        });
        scale
    }

    fn finish(mut self) -> Plan {
        let ParameterLayout { len, trainable_len, .. } = self.plan.layout;
        // Without anything to train there is nothing to step.
        if let Some(update) = self.request.update.filter(|_| trainable_len > 0) {
            let gradients = self.shared(&Role::Gradients, len);
            let hyper = self.shared(&Role::Hyper, HYPER_LEN);
            let reads = [Plan::beginning(gradients, trainable_len), Plan::beginning(hyper, HYPER_LEN)];
            let scale = self.gradient_scale(&reads);
            let parameters = self.shared(&Role::Parameters, len);
            let states = (0..update.n_states()).map(|idx| self.shared(&Role::State(idx), len));
            let writes: Vec<usize> = std::iter::once(parameters).chain(states.collect::<Vec<_>>()).collect();
            self.plan.steps.push(Step {
                kernel: Kernel::Update(update),
                reads: reads.into_iter().chain([scale]).collect(),
                writes: writes.into_iter().map(|buffer| Plan::beginning(buffer, trainable_len)).collect(),
            });
        }
        let outputs = self.request.outputs.iter();
        self.plan.outputs = outputs.map(|(name, id)| (name.clone(), self.operand(*id).clone())).collect();
        self.plan
    }
}

#[cfg(test)]
mod tests;
