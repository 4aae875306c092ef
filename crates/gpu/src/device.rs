use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::error::GpuError;
use crate::kernels::Traits;
use crate::pipelines::Pipelines;

/// A GPU, ready to compute.
///
/// Compiled pipelines are kept by their shader's text, so that plans that need the same kernel share one.
pub struct Device {
    pub(crate) wgpu: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) limits: wgpu::Limits,
    info: wgpu::AdapterInfo,
    traits: Cell<Traits>,
    trouble: Arc<Mutex<Trouble>>,
    counts: Cell<Counts>,
    layouts: RefCell<HashMap<[usize; 2], Layouts>>,
    pub(crate) pipelines: Pipelines,
}

/// How many of each there were since the device was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Buffers made.
    pub buffers: usize,
    /// Bind groups made.
    pub bind_groups: usize,
    /// Pipelines compiled.
    pub pipelines: usize,
    /// Submissions to the GPU's queue.
    pub submits: usize,
    /// Kernels started.
    pub dispatches: usize,
}

/// What callbacks have to say; they may come from anywhere.
#[derive(Default)]
struct Trouble {
    lost: Option<String>,
    refused: Option<String>,
}

#[derive(Clone)]
pub(crate) struct Layouts {
    bind_group: wgpu::BindGroupLayout,
    pub(crate) pipeline: wgpu::PipelineLayout,
}

impl Device {
    /// Opens the fastest GPU there is, with all that it allows.
    ///
    /// Natively, the environment variable `RECEPTIVE_ADAPTER` chooses the first GPU whose name contains it.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`] where there is no GPU, [`GpuError::NoDevice`] where it cannot be opened.
    pub async fn request() -> Result<Self, GpuError> {
        let instance = wgpu::Instance::default();
        let adapter = find_adapter(&instance).await?;
        #[cfg_attr(
            not(target_arch = "wasm32"),
            expect(unused_mut, reason = "only a browser leaves the name out")
        )]
        let mut info = adapter.get_info();
        #[cfg(target_arch = "wasm32")]
        if info.name.is_empty() {
            info.name = crate::browser::adapter_name().await.unwrap_or_default();
        }
        let is_software = is_software(&info);
        let mut features = wgpu::Features::TIMESTAMP_QUERY;
        features.set(wgpu::Features::SUBGROUP, is_software);
        let descriptor = wgpu::DeviceDescriptor {
            required_limits: adapter.limits(),
            required_features: adapter.features() & features,
            ..wgpu::DeviceDescriptor::default()
        };
        let request = || adapter.request_device(&descriptor);
        #[cfg(not(target_arch = "wasm32"))]
        let requested = request();
        #[cfg(target_arch = "wasm32")]
        let (requested, has_subgroups) =
            if is_software { crate::browser::with_subgroups(request) } else { (request(), false) };
        let (wgpu, queue) = requested
            .await
            .map_err(|error| GpuError::NoDevice { adapter: info.name.clone(), message: error.to_string() })?;
        #[cfg(not(target_arch = "wasm32"))]
        let has_subgroups = wgpu.features().contains(wgpu::Features::SUBGROUP);
        // A browser collects a device that nobody holds, and Chromium 156 may then lock a mutex that its thread already has,
        // which ends the whole worker in silence. A page opens one device, or one more after a loss: they are kept.
        #[cfg(target_arch = "wasm32")]
        std::mem::forget(wgpu.clone());
        let trouble = Arc::new(Mutex::new(Trouble::default()));
        let on_lost = Arc::clone(&trouble);
        wgpu.set_device_lost_callback(move |reason, message| {
            let mut trouble = on_lost.lock().expect("no callback panics");
            trouble.lost.get_or_insert_with(|| format!("{reason:?}: {message}"));
        });
        let on_refused = Arc::clone(&trouble);
        wgpu.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            let mut trouble = on_refused.lock().expect("no callback panics");
            trouble.refused.get_or_insert_with(|| error.to_string());
        }));
        Ok(Self {
            limits: wgpu.limits(),
            traits: Cell::new(Traits {
                is_software,
                has_quads: has_subgroups && info.subgroup_min_size >= 4,
            }),
            wgpu,
            queue,
            info,
            trouble,
            counts: Cell::default(),
            layouts: RefCell::default(),
            pipelines: Pipelines::default(),
        })
    }

    /// The GPU's name, as its driver or browser gives it.
    pub fn adapter_name(&self) -> String {
        if self.info.name.is_empty() { "an unnamed GPU".to_owned() } else { self.info.name.clone() }
    }

    /// Whether the "GPU" is a program on the CPU, which may well be slower than the CPU executor.
    pub fn is_software(&self) -> bool {
        is_software(&self.info)
    }

    /// What kernels are chosen by.
    pub fn traits(&self) -> Traits {
        self.traits.get()
    }

    /// Chooses the kernels of plans to come as for another GPU, so that a test can try those that its own would not be given.
    /// Without quads of its own a GPU refuses shaders that have them.
    pub fn choose_kernels_for(&self, traits: Traits) {
        self.traits.set(traits);
    }

    /// Whether it has a clock that says how long kernels take.
    pub(crate) fn has_clock(&self) -> bool {
        self.wgpu.features().contains(wgpu::Features::TIMESTAMP_QUERY)
    }

    /// What was made and done so far. After a plan's first run only submits and dispatches grow.
    pub fn counts(&self) -> Counts {
        self.counts.get()
    }

    /// Why the GPU was lost, if it was.
    pub fn lost(&self) -> Option<String> {
        self.trouble.lock().expect("no callback panics").lost.clone()
    }

    /// Closes the GPU, as a loss of it would.
    pub fn destroy(&self) {
        self.wgpu.destroy();
    }

    /// The GPU's complaints since the last check.
    pub(crate) fn check(&self) -> Result<(), GpuError> {
        let mut trouble = self.trouble.lock().expect("no callback panics");
        if let Some(message) = &trouble.lost {
            return Err(GpuError::Lost { message: message.clone() });
        }
        match trouble.refused.take() {
            Some(message) => Err(GpuError::Refused { message }),
            None => Ok(()),
        }
    }

    pub(crate) fn buffer(&self, label: &str, n_bytes: u64, usage: wgpu::BufferUsages) -> wgpu::Buffer {
        self.count(|counts| counts.buffers += 1);
        // There are no empty buffers on a GPU.
        let size = n_bytes.max(4);
        self.wgpu.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage,
            mapped_at_creation: false,
        })
    }

    pub(crate) fn bind_group(
        &self,
        label: &str,
        reads: &[wgpu::BufferBinding<'_>],
        writes: &[wgpu::BufferBinding<'_>],
    ) -> wgpu::BindGroup {
        self.count(|counts| counts.bind_groups += 1);
        let entries: Vec<_> = (0..)
            .zip(reads.iter().chain(writes))
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: wgpu::BindingResource::Buffer(buffer.clone()),
            })
            .collect();
        self.wgpu.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(label),
            layout: &self.layouts([reads.len(), writes.len()]).bind_group,
            entries: &entries,
        })
    }

    pub(crate) fn submit(&self, encoder: wgpu::CommandEncoder) -> wgpu::SubmissionIndex {
        self.count(|counts| counts.submits += 1);
        self.queue.submit([encoder.finish()])
    }

    pub(crate) fn count(&self, add: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.get();
        add(&mut counts);
        self.counts.set(counts);
    }

    /// The layouts for kernels that read so many buffers and write so many after them.
    pub(crate) fn layouts(&self, n_bound: [usize; 2]) -> Layouts {
        let [n_reads, n_writes] = n_bound;
        let make = || {
            let entries: Vec<_> = (0..n_reads + n_writes)
                .map(|position| wgpu::BindGroupLayoutEntry {
                    binding: position as u32,
                    visibility: wgpu::ShaderStages::COMPUTE,
                    ty: wgpu::BindingType::Buffer {
                        ty: wgpu::BufferBindingType::Storage { read_only: position < n_reads },
                        has_dynamic_offset: false,
                        min_binding_size: None,
                    },
                    count: None,
                })
                .collect();
            let bind_group = self.wgpu.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: None,
                entries: &entries,
            });
            let pipeline = self.wgpu.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: None,
                bind_group_layouts: &[Some(&bind_group)],
                immediate_size: 0,
            });
            Layouts { bind_group, pipeline }
        };
        self.layouts.borrow_mut().entry(n_bound).or_insert_with(make).clone()
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Device").field("adapter", &self.adapter_name()).finish_non_exhaustive()
    }
}

fn is_software(info: &wgpu::AdapterInfo) -> bool {
    let name = info.name.to_ascii_lowercase();
    info.device_type == wgpu::DeviceType::Cpu
        || ["swiftshader", "llvmpipe", "basic render"].iter().any(|software| name.contains(software))
}

#[cfg(target_arch = "wasm32")]
async fn find_adapter(instance: &wgpu::Instance) -> Result<wgpu::Adapter, GpuError> {
    fastest_adapter(instance).await
}

#[cfg(not(target_arch = "wasm32"))]
async fn find_adapter(instance: &wgpu::Instance) -> Result<wgpu::Adapter, GpuError> {
    let Ok(wanted) = std::env::var("RECEPTIVE_ADAPTER") else { return fastest_adapter(instance).await };
    let adapters = instance.enumerate_adapters(wgpu::Backends::all()).await;
    let names: Vec<String> = adapters.iter().map(|adapter| adapter.get_info().name).collect();
    let chosen =
        names.iter().position(|name| name.to_ascii_lowercase().contains(&wanted.to_ascii_lowercase()));
    chosen.and_then(|idx| adapters.into_iter().nth(idx)).ok_or_else(|| GpuError::NoAdapter {
        message: format!("RECEPTIVE_ADAPTER asks for {wanted:?}, but there are {names:?}"),
    })
}

async fn fastest_adapter(instance: &wgpu::Instance) -> Result<wgpu::Adapter, GpuError> {
    let options = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..wgpu::RequestAdapterOptions::default()
    };
    let adapter = instance.request_adapter(&options).await;
    #[cfg(target_arch = "wasm32")]
    return adapter.map_err(|_| GpuError::NoAdapter { message: crate::browser::why_no_adapter().to_owned() });
    #[cfg(not(target_arch = "wasm32"))]
    adapter.map_err(|error| GpuError::NoAdapter { message: error.to_string() })
}
