use crate::error::TensorError;
use crate::graph::{Graph, NodeId};
use crate::ops::Binary;

impl Graph {
    /// Appends the operations that compute the gradient of `loss` with respect to each of `of`, and returns where they
    /// come out, in the same order; `None` where the loss does not depend on it.
    ///
    /// Walks back from the loss once; where a value is used several times, the gradients of its uses are added in the
    /// order of the walk, so that sums are the same every time.
    ///
    /// # Errors
    /// [`TensorError::NotScalar`] where the loss is more than one number, [`TensorError::NoGradient`] where an
    /// operation on the way has no gradient rule.
    pub fn gradients(&mut self, loss: NodeId, of: &[NodeId]) -> Result<Vec<Option<NodeId>>, TensorError> {
        if self.node(loss).value.numel() != 1 {
            return Err(TensorError::NotScalar { shape: self.shape(loss).to_vec() });
        }
        let n_nodes = loss.idx() + 1;
        let mut needed = vec![false; n_nodes];
        for &id in of {
            if id.idx() < n_nodes {
                needed[id.idx()] = true;
            }
        }
        for (id, node) in self.nodes().take(n_nodes) {
            needed[id.idx()] |= node.inputs.iter().any(|input| needed[input.idx()]);
        }
        let mut grads: Vec<Option<NodeId>> = vec![None; n_nodes];
        let shape = self.shape(loss).to_vec();
        grads[loss.idx()] = Some(self.constant(1.0, &shape));
        for idx in (0..n_nodes).rev() {
            let (Some(grad_output), true) = (grads[idx], needed[idx]) else { continue };
            let id = NodeId(idx as u32);
            let node = self.node(id);
            if node.inputs.is_empty() {
                continue;
            }
            let (op, inputs) = (node.op.clone(), node.inputs.clone());
            let wanted: Vec<bool> = inputs.iter().map(|input| needed[input.idx()]).collect();
            let input_grads = op.operation().gradient(self, id, grad_output, &wanted)?;
            for ((input, grad), wanted) in inputs.iter().zip(input_grads).zip(wanted) {
                let Some(grad) = grad.filter(|_| wanted) else { continue };
                grads[input.idx()] = Some(match grads[input.idx()] {
                    Some(sum) => self.apply(Binary::Add, &[sum, grad])?,
                    None => grad,
                });
            }
        }
        Ok(of.iter().map(|id| grads.get(id.idx()).copied().flatten()).collect())
    }

    /// [`Graph::gradients`] with respect to every parameter that is trained, one entry for each parameter, trained or not:
    /// what a [`PlanRequest`](crate::PlanRequest) wants.
    ///
    /// # Errors
    /// As there.
    pub fn parameter_gradients(&mut self, loss: NodeId) -> Result<Vec<Option<NodeId>>, TensorError> {
        let trained = |id: &NodeId| self.is_trainable(*id);
        let of: Vec<NodeId> = self.parameters().iter().copied().filter(trained).collect();
        let mut gradients = self.gradients(loss, &of)?.into_iter();
        let parameters = self.parameters().iter();
        Ok(parameters
            .map(|&id| if self.is_trainable(id) { gradients.next().flatten() } else { None })
            .collect())
    }
}

#[cfg(test)]
mod tests;
