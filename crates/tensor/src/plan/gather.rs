use super::{Buffer, Kernel, Operand, Plan, Region, Role, Step};
use crate::error::TensorError;
use crate::graph::Value;

/// Numbers that choose one picture of a batch: its position in the data set, and by how many pixels it is moved down and to
/// the right, which are two's complements where they are negative.
pub const PICK_LEN: usize = 3;

/// The name of the input that [`Plan::gathering`] adds: `[batch, PICK_LEN]`, unsigned integers.
pub const PICKS: &str = "picks";

/// A data set's pictures, as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pictures {
    /// How many.
    pub n: usize,
    /// Channels, height and width of each.
    pub shape: [usize; 3],
}

impl Pictures {
    /// Elements of four bytes that hold all pixels, the first in the lowest byte.
    pub fn n_words(&self) -> usize {
        // More bytes than memory in a browser can have are still a number that a GPU can refuse.
        let n_bytes = self.n as u64 * self.shape.iter().product::<usize>() as u64;
        usize::try_from(n_bytes.div_ceil(4)).unwrap_or(usize::MAX)
    }
}

/// Pixels as the resident input of a plan that gathers.
pub fn packed(pixels: &[u8]) -> Vec<u32> {
    let word = |bytes: &[u8]| {
        let mut word = [0; 4];
        word[..bytes.len()].copy_from_slice(bytes);
        u32::from_le_bytes(word)
    };
    pixels.chunks(4).map(word).collect()
}

impl Plan {
    /// The same plan, whose batches come from a data set that lies beside it: the inputs `images` and `labels` now hold all
    /// the pictures, [packed], and all their labels, and stay from run to run. Each run is given only which pictures its batch
    /// has and how they are moved, as the input [`PICKS`]. Pixels become numbers from 0 to 1; what is moved in is black.
    ///
    /// # Errors
    /// [`TensorError::UnknownName`] where the plan has no such inputs, [`TensorError::Length`] where its images have another
    /// size than the pictures.
    pub fn gathering(mut self, images: &str, labels: &str, pictures: Pictures) -> Result<Self, TensorError> {
        let input = |name: &str| {
            let unknown = || TensorError::UnknownName { what: "input", name: name.to_owned() };
            self.input(name).ok_or_else(unknown)
        };
        let [to_images, to_labels] = [input(images)?, input(labels)?];
        let batch = self.buffers[to_labels].len;
        let [channels, height, width] = pictures.shape;
        let batch_images = Value::f32([batch, channels, height, width]);
        let (expected, received) = (self.buffers[to_images].len, batch_images.numel());
        if expected != received {
            return Err(TensorError::Length { what: format!("a batch of {images:?}"), expected, received });
        }
        for buffer in [to_images, to_labels] {
            self.buffers[buffer].role = Role::Scratch;
        }
        let mut add = |role, value: Value| {
            self.buffers.push(Buffer { role, len: value.numel() });
            whole(self.buffers.len() - 1, value)
        };
        let reads = vec![
            add(Role::Resident(images.to_owned()), Value::u32([pictures.n_words()])),
            add(Role::Resident(labels.to_owned()), Value::u32([pictures.n])),
            add(Role::Input(PICKS.to_owned()), Value::u32([batch, PICK_LEN])),
        ];
        let writes = vec![whole(to_images, batch_images), whole(to_labels, Value::u32([batch]))];
        self.steps.insert(0, Step { kernel: Kernel::GatherBatch, reads, writes });
        Ok(self)
    }
}

fn whole(buffer: usize, value: Value) -> Operand {
    Operand { region: Region { buffer, offset: 0, len: value.numel() }, value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, PlanRequest, cpu};

    /// Doubles its images and gives its labels' numbers back.
    fn plan(batch: usize, shape: [usize; 3]) -> Plan {
        let mut graph = Graph::new();
        let [channels, height, width] = shape;
        let images = graph.input("images", Value::f32([batch, channels, height, width]));
        let labels = graph.input("labels", Value::u32([batch]));
        let sum = graph.apply(crate::ops::Binary::Add, &[images, images]).unwrap();
        let classes = graph.apply(crate::ops::OneHot { n_classes: 4 }, &[labels]).unwrap();
        let outputs = vec![("sum".to_owned(), sum), ("classes".to_owned(), classes)];
        Plan::compile(&graph, &PlanRequest { outputs, ..PlanRequest::default() })
    }

    #[test]
    fn a_batch_is_picked_scaled_and_moved() {
        let pictures = Pictures { n: 3, shape: [1, 2, 3] };
        let plan = plan(2, pictures.shape).gathering("images", "labels", pictures).unwrap();
        let mut executor = cpu::Executor::new(&plan.layout.clone(), 0);
        let plan = executor.add(plan).unwrap();
        let pixels: Vec<u8> = (0..18).map(|idx| 10 * idx).collect();
        executor.write_input_u32(plan, "images", &packed(&pixels)).unwrap();
        executor.write_input_u32(plan, "labels", &[1, 0, 3]).unwrap();
        // The last picture one down and one to the left; the second as it is.
        executor.write_input_u32(plan, PICKS, &[2, 1, 1u32.wrapping_neg(), 1, 0, 0]).unwrap();
        executor.run(plan);
        let expected = [0.0, 0.0, 0.0, 130.0, 140.0, 0.0, 60.0, 70.0, 80.0, 90.0, 100.0, 110.0];
        assert_eq!(executor.output(plan, "sum").unwrap(), expected.map(|pixel| pixel / 255.0 * 2.0));
        assert_eq!(executor.output(plan, "classes").unwrap(), [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn pictures_of_another_size_are_refused() {
        let pictures = Pictures { n: 3, shape: [1, 2, 2] };
        let wrong = plan(2, [1, 2, 3]).gathering("images", "labels", pictures).unwrap_err();
        assert!(matches!(wrong, TensorError::Length { expected: 12, received: 8, .. }), "{wrong}");
        let unknown = plan(2, [1, 2, 3]).gathering("pictures", "labels", pictures).unwrap_err();
        assert!(matches!(unknown, TensorError::UnknownName { .. }), "{unknown}");
    }
}
