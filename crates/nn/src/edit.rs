//! Changes to a network's list of layers. A [`Residual`](crate::layers::Residual) names the layer where its block begins,
//! and goes on naming the same one when layers come and go before it.

use crate::model::{LayerSpec, ModelSpec};

impl ModelSpec {
    /// Puts a layer before `position`, or at the end. A Residual that names no layer before it begins its block at the
    /// first layer that receives what it will receive.
    ///
    /// ```
    /// use nn::{LayerSpec, layers::Residual};
    /// let mut model = nn::presets::model("s").unwrap();
    /// model.insert_layer(2, LayerSpec::Residual(Residual::default()));
    /// // Layer 1, the ReLU, receives [8, 28, 28] as well.
    /// assert_eq!(model.layers[2], LayerSpec::Residual(Residual { from: 1 }));
    /// ```
    pub fn insert_layer(&mut self, position: usize, layer: LayerSpec) {
        let position = position.min(self.layers.len());
        for from in self.residuals() {
            // What is put right before a block is not part of it.
            *from += usize::from(position <= *from);
        }
        self.layers.insert(position, layer);
        if let Some(from) = self.residual_from(position)
            && let LayerSpec::Residual(residual) = &mut self.layers[position]
        {
            residual.from = from;
        }
    }

    /// Takes a layer out. A block that began with it begins with the next.
    pub fn remove_layer(&mut self, position: usize) {
        if position < self.layers.len() {
            self.layers.remove(position);
            for from in self.residuals() {
                *from -= usize::from(position < *from);
            }
        }
    }

    /// Takes a layer out and puts it in where `to` is then.
    pub fn move_layer(&mut self, position: usize, to: usize) {
        if position < self.layers.len() && to < self.layers.len() {
            let layer = self.layers[position].clone();
            self.remove_layer(position);
            for from in self.residuals() {
                *from += usize::from(to <= *from);
            }
            self.layers.insert(to, layer);
        }
    }

    /// Where a block that ends at `position` can begin: at the first layer that receives the same shape, where the one
    /// named does not.
    pub(crate) fn residual_from(&self, position: usize) -> Option<usize> {
        let LayerSpec::Residual(residual) = self.layers.get(position)? else { return None };
        let before = Self { layers: self.layers[..position].to_vec(), ..self.clone() }.geometry(None);
        let here = before.layers.last()?.output.clone();
        let fits = |from: usize| before.layers.get(from).is_some_and(|layer| layer.input == here);
        let named = fits(residual.from).then_some(residual.from);
        named.or_else(|| (0..before.layers.len()).find(|&from| fits(from)))
    }

    fn residuals(&mut self) -> impl Iterator<Item = &mut usize> {
        self.layers.iter_mut().filter_map(|layer| match layer {
            LayerSpec::Residual(residual) => Some(&mut residual.from),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Residual;

    fn model(layers: Vec<LayerSpec>) -> ModelSpec {
        ModelSpec { version: crate::model::VERSION, input: [1, 4, 4], layers }
    }

    fn from(model: &ModelSpec) -> usize {
        let found = model.layers.iter().find_map(|layer| match layer {
            LayerSpec::Residual(residual) => Some(residual.from),
            _ => None,
        });
        found.unwrap()
    }

    #[test]
    fn a_block_keeps_its_first_layer_when_others_come_go_and_move() {
        use LayerSpec::{ReLU, Sigmoid, Tanh};
        // The block is Tanh and Sigmoid.
        let block = model(vec![ReLU, Tanh, Sigmoid, LayerSpec::Residual(Residual { from: 1 }), ReLU]);
        let after = |change: &dyn Fn(&mut ModelSpec)| {
            let mut model = block.clone();
            change(&mut model);
            from(&model)
        };
        assert_eq!(after(&|m| m.insert_layer(0, ReLU)), 2);
        assert_eq!(after(&|m| m.insert_layer(1, ReLU)), 2, "right before the block");
        assert_eq!(after(&|m| m.insert_layer(2, ReLU)), 1, "within the block");
        assert_eq!(after(&|m| m.insert_layer(4, ReLU)), 1);
        assert_eq!(after(&|m| m.remove_layer(0)), 0);
        assert_eq!(after(&|m| m.remove_layer(1)), 1, "Sigmoid is first now");
        assert_eq!(after(&|m| m.remove_layer(4)), 1);
        assert_eq!(after(&|m| m.move_layer(4, 0)), 2);
        assert_eq!(after(&|m| m.move_layer(0, 4)), 0);
        assert_eq!(after(&|m| m.move_layer(1, 2)), 1, "Sigmoid is first now");
        assert_eq!(after(&|m| m.move_layer(3, 4)), 1, "a longer block");
    }

    #[test]
    fn a_residual_is_put_in_where_it_fits() {
        let mut model = crate::presets::model("l").unwrap();
        model.insert_layer(3, LayerSpec::Residual(Residual::default()));
        // The image has 1 channel; the first ReLU receives 32.
        assert_eq!(from(&model), 1);
        assert_eq!(model.geometry(Some(10)).error, None);
        model.remove_layer(3);
        model.insert_layer(0, LayerSpec::Residual(Residual::default()));
        assert!(model.geometry(Some(10)).error.is_some(), "there is no layer before it");
    }
}
