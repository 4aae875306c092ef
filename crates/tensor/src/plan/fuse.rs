//! Finds chains of operations that one kernel computes at once, and puts that kernel's operation in their place.
//!
//! A chain is replaced only where nothing but the chain itself reads what passes between its operations. What matches no
//! pattern stays as it was recorded.

mod blocks;
mod pairs;

use std::collections::HashMap;

use super::PlanRequest;
use crate::graph::{Graph, Node, NodeId, Value};
use crate::ops::{Further, Op};

/// The same computation with fewer operations, and the request in terms of it.
pub(super) fn fuse(graph: &Graph, request: &PlanRequest) -> (Graph, PlanRequest) {
    let uses = Uses::of(graph, request);
    let mut replacements = HashMap::new();
    for (id, _) in graph.nodes().filter(|(id, _)| uses.is_live(*id)) {
        let found = blocks::find(graph, &uses, id).or_else(|| pairs::find(graph, &uses, id));
        for (id, replacement) in found.into_iter().flatten() {
            replacements.entry(id).or_insert(replacement);
        }
    }
    rewrite(graph, request, &replacements)
}

/// What becomes of a node.
enum Replacement {
    /// Another operation computes it; inputs are nodes of the graph as it was.
    By(Op, Vec<Source>),
    /// It comes out of another node's replacement as a further output.
    Further { of: NodeId, output_idx: usize },
    /// Nothing reads it any more.
    Dropped,
}

/// What a replacement reads.
#[derive(Clone, Copy)]
enum Source {
    /// A node of the graph as it was.
    Node(NodeId),
    /// A further output of that node's replacement, which no node of the graph as it was stands for.
    Further { of: NodeId, output_idx: usize },
}

type Found = Vec<(NodeId, Replacement)>;

/// Who reads what.
struct Uses {
    live: Vec<bool>,
    readers: Vec<Vec<NodeId>>,
    asked_for: Vec<bool>,
}

impl Uses {
    fn of(graph: &Graph, request: &PlanRequest) -> Self {
        let n_nodes = graph.nodes().len();
        let mut asked_for = vec![false; n_nodes];
        for id in request.roots() {
            asked_for[id.idx()] = true;
        }
        let live = graph.live(request.roots());
        let mut readers = vec![Vec::new(); n_nodes];
        for (id, node) in graph.nodes().filter(|(id, _)| live[id.idx()]) {
            for input in &node.inputs {
                readers[input.idx()].push(id);
            }
        }
        Self { live, readers, asked_for }
    }

    fn is_live(&self, id: NodeId) -> bool {
        self.live[id.idx()]
    }

    /// Who reads a node, where that are operations alone and no output is asked for.
    fn inner(&self, id: NodeId) -> Option<&[NodeId]> {
        (!self.asked_for[id.idx()]).then(|| self.readers[id.idx()].as_slice())
    }

    /// Everybody who reads a node.
    fn all(&self, id: NodeId) -> &[NodeId] {
        &self.readers[id.idx()]
    }
}

fn rewrite(
    graph: &Graph,
    request: &PlanRequest,
    replacements: &HashMap<NodeId, Replacement>,
) -> (Graph, PlanRequest) {
    let wanted = wanted_outputs(graph, replacements);
    let mut rewriter = Rewriter { graph, replacements, wanted, fused: Graph::new(), ids: HashMap::new() };
    for (id, _) in graph.nodes() {
        rewriter.visit(id);
    }
    let Rewriter { fused, ids, .. } = rewriter;
    (fused, request.renamed(|id| ids[&(id, 0)]))
}

struct Rewriter<'a> {
    graph: &'a Graph,
    replacements: &'a HashMap<NodeId, Replacement>,
    /// The further outputs that each replaced node has to give.
    wanted: HashMap<NodeId, Vec<(usize, Value)>>,
    fused: Graph,
    /// What became of each output of each node; of output 0 where it has only its own.
    ids: HashMap<(NodeId, usize), NodeId>,
}

impl Rewriter<'_> {
    fn visit(&mut self, id: NodeId) {
        if self.ids.contains_key(&(id, 0)) {
            return;
        }
        let node = self.graph.node(id);
        let new = match self.replacements.get(&id) {
            Some(Replacement::Dropped) => return,
            Some(&Replacement::Further { of, output_idx }) => {
                // The first output that is met has all of them computed.
                self.visit(of);
                self.ids[&(of, output_idx)]
            }
            Some(Replacement::By(op, sources)) => {
                for source in sources {
                    let (Source::Node(id) | Source::Further { of: id, .. }) = *source;
                    self.visit(id);
                }
                let inputs = sources.iter().map(|source| match *source {
                    Source::Node(id) => self.ids[&(id, 0)],
                    Source::Further { of, output_idx } => self.ids[&(of, output_idx)],
                });
                let inputs = inputs.collect();
                let new = self.fused.push(Node { op: op.clone(), inputs, value: node.value.clone() });
                for (output_idx, value) in self.wanted.remove(&id).unwrap_or_default() {
                    let op = Further { output_idx, value: value.clone() }.into();
                    let output = self.fused.push(Node { op, inputs: vec![new], value });
                    self.ids.insert((id, output_idx), output);
                }
                new
            }
            None if matches!(node.op, Op::Parameter(_)) => self.fused.push_parameter_of(self.graph, id),
            None => {
                let inputs = node.inputs.iter().map(|&input| self.ids.get(&(input, 0)).copied());
                // Only what nothing reads can have lost its inputs.
                let Some(inputs) = inputs.collect() else { return };
                self.fused.push(Node { op: node.op.clone(), inputs, value: node.value.clone() })
            }
        };
        self.ids.insert((id, 0), new);
    }
}

/// The further outputs that each replaced node has to give, in order, without gaps.
fn wanted_outputs(
    graph: &Graph,
    replacements: &HashMap<NodeId, Replacement>,
) -> HashMap<NodeId, Vec<(usize, Value)>> {
    let mut wanted: HashMap<NodeId, Vec<(usize, Value)>> = HashMap::new();
    let mut add = |of: NodeId, output_idx: usize, value: Value| {
        let outputs = wanted.entry(of).or_default();
        let position = outputs.partition_point(|(idx, _)| *idx < output_idx);
        if outputs.get(position).is_none_or(|(idx, _)| *idx != output_idx) {
            outputs.insert(position, (output_idx, value));
        }
    };
    for (&id, replacement) in replacements {
        match replacement {
            Replacement::Further { of, output_idx } => {
                add(*of, *output_idx, graph.node(id).value.clone());
            }
            Replacement::By(_, sources) => {
                for source in sources {
                    if let Source::Further { of, output_idx } = *source {
                        add(of, output_idx, unnamed(graph, replacements, of));
                    }
                }
            }
            Replacement::Dropped => {}
        }
    }
    wanted
}

/// A further output that no node stands for: a classifier's scores, or the choice of pooling.
fn unnamed(graph: &Graph, replacements: &HashMap<NodeId, Replacement>, of: NodeId) -> Value {
    match replacements.get(&of) {
        Some(Replacement::By(Op::LinearCrossEntropy(_), _)) => Value::f32([2, graph.shape(of)[0]]),
        _ => Value::u32(graph.shape(of)),
    }
}

#[cfg(test)]
mod tests;
