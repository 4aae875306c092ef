//! What the network makes of the selected picture.

use std::time::Duration;

use protocol::{Array, Event, Inspection, LayerView, ParameterView, Prediction, Sample};
use web_time::Instant;

use crate::engine::{Activations, EngineError};
use crate::evaluating::largest;
use crate::session::Session;

/// Parameters with more numbers stay behind; they are there on request.
const MOST_NUMBERS: usize = 1 << 16;

impl Session {
    /// The selected picture, `[784]` from 0 to 1, and what it shows.
    pub(crate) fn selected(&self) -> (Vec<f32>, Option<u8>) {
        if let Sample::Stored { split, idx } = self.sample {
            let (pictures, positions) = self.split(split);
            if let Some(position) = positions.get(idx).map(|position| position as usize) {
                let pixels = pictures.images.get(position).iter().map(|&pixel| f32::from(pixel) / 255.0);
                return (pixels.collect(), Some(pictures.labels[position]));
            }
        }
        (self.drawing.clone(), None)
    }

    /// Whether it was due.
    pub(crate) async fn inspect_if_due(&mut self) -> Result<bool, EngineError> {
        let running = self.run.is_some() || !self.jobs.is_empty();
        if !(self.inspection_due || running) || (running && !self.inspections.is_due(Instant::now())) {
            return Ok(false);
        }
        let start = Instant::now();
        self.inspection_due = false;
        let (picture, label) = self.selected();
        let is_first = !self.engine.has_inspected();
        let Activations { layers: outputs, probabilities, parameters } =
            self.engine.inspect(&picture).await?;
        let mut arrays = vec![Array::F32(picture)];
        let mut layers = Vec::new();
        for (geometry, values) in self.network.geometry().layers.iter().zip(outputs) {
            let [min, max, mean] = range(&values);
            layers.push(LayerView { shape: geometry.output.clone(), min, max, mean });
            arrays.push(Array::F32(values));
        }
        let mut views = Vec::new();
        for slot in &self.engine.layout().slots {
            let values = &parameters[slot.range()];
            if values.len() <= MOST_NUMBERS {
                let [min, max, _] = range(values);
                views.push(ParameterView {
                    layer_idx: layer_of(&slot.name),
                    name: slot.name.clone(),
                    shape: slot.shape.clone(),
                    min,
                    max,
                });
                arrays.push(Array::F32(values.to_vec()));
            }
        }
        let inspection = Inspection {
            step: self.step,
            sample: self.sample,
            label,
            layers,
            prediction: prediction(probabilities),
            parameters: views,
        };
        self.say_with(Event::Inspection(inspection), arrays);
        let took = if is_first { Duration::ZERO } else { start.elapsed() };
        self.inspections.done(took, Instant::now());
        Ok(true)
    }
}

/// The most probable class beside the probabilities.
pub(crate) fn prediction(probabilities: Vec<f32>) -> Prediction {
    Prediction { class: largest(&probabilities), probabilities }
}

/// The layer's position at the front of a parameter's name, such as `0.weight`.
fn layer_of(name: &str) -> usize {
    let position = name.split('.').next().and_then(|position| position.parse().ok());
    position.expect("parameters are named after their layer's position")
}

/// Least, greatest and mean; NaN where there is one.
fn range(values: &[f32]) -> [f32; 3] {
    let sum: f64 = values.iter().map(|&value| f64::from(value)).sum();
    let mean = (sum / values.len().max(1) as f64) as f32;
    if mean.is_nan() {
        return [f32::NAN; 3];
    }
    let min = values.iter().copied().fold(f32::INFINITY, f32::min);
    [min, values.iter().copied().fold(f32::NEG_INFINITY, f32::max), mean]
}
