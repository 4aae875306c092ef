//! After its first run a plan allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use nn::{Network, Optimiser, names, presets};
use tensor::cpu::Executor;

/// The system's allocator, and how often it was asked.
struct Counting;

static N_ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator's functions are unsafe; this one passes everything on")]
// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        N_ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_training_step_allocates_nothing_after_the_first() {
    // One test in this file: others would count along.
    for preset in presets::all() {
        let network = Network::new(preset.model, 10).unwrap();
        let optimiser = Optimiser::sgd();
        let update = optimiser.update();
        let mut executor = Executor::new(&network.layout(), update.n_states());
        let plan = executor.add(network.training_plan(4, update).unwrap()).unwrap();
        let n_pixels = network.model().input.iter().product::<usize>();
        executor.write_input(plan, names::IMAGES, &vec![0.5; 4 * n_pixels]).unwrap();
        executor.write_input_u32(plan, names::LABELS, &[0, 1, 2, 3]).unwrap();
        executor.run(plan);
        let before = N_ALLOCATIONS.load(Ordering::Relaxed);
        executor.run(plan);
        let n_allocations = N_ALLOCATIONS.load(Ordering::Relaxed) - before;
        assert_eq!(n_allocations, 0, "{}", preset.id);
    }
}
