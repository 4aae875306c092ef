//! Compiled shaders, and compiling several side by side.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use crate::device::Device;
use crate::error::GpuError;

/// Shaders being compiled, whether this is waited for or not.
pub(crate) type Compiling = Pin<Box<dyn Future<Output = Result<(), GpuError>>>>;

/// A kernel's shader, its constants set.
#[derive(Clone, Debug)]
pub(crate) struct Shader {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    /// How many buffers it reads, and how many it writes after them.
    pub(crate) n_bound: [usize; 2],
}

/// Pipelines by their shader's text.
pub(crate) type Pipelines = RefCell<HashMap<String, Pipeline>>;

#[derive(Clone)]
pub(crate) enum Pipeline {
    Ready(wgpu::ComputePipeline),
    /// What a browser is at. Nobody needs to wait for it: who asks next finds it here.
    #[cfg(target_arch = "wasm32")]
    UnderWay(wgpu::ShaderModule, js_sys::Promise),
}

impl Device {
    /// The shader's pipeline, compiled now unless it is there.
    pub(crate) fn pipeline(&self, shader: &Shader) -> wgpu::ComputePipeline {
        if let Some(Pipeline::Ready(pipeline)) = self.known(shader) {
            return pipeline;
        }
        let pipeline = create(&self.wgpu, &self.layout(shader), shader, &module(&self.wgpu, shader));
        self.keep(shader, pipeline.clone());
        pipeline
    }

    /// Compiles those of the shaders that are not there, the longest first, side by side as far as browser and driver can.
    ///
    /// What is wrong with a shader comes as [`GpuError::Refused`], here or with the next check.
    pub(crate) fn compile(self: &Rc<Self>, shaders: &[&Shader]) -> Compiling {
        let mut missing: Vec<Shader> = Vec::new();
        for &shader in shaders {
            let is_there = matches!(self.known(shader), Some(Pipeline::Ready(_)));
            if !is_there && missing.iter().all(|other| other.text != shader.text) {
                let place = missing.partition_point(|other| other.text.len() >= shader.text.len());
                missing.insert(place, shader.clone());
            }
        }
        self.compile_missing(missing)
    }

    /// Natively nothing is compiled before somebody waits for it, as the thread that asks does it.
    #[cfg(not(target_arch = "wasm32"))]
    fn compile_missing(self: &Rc<Self>, missing: Vec<Shader>) -> Compiling {
        let device = Rc::clone(self);
        Box::pin(async move { device.compile_now(&missing) })
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn compile_now(&self, missing: &[Shader]) -> Result<(), GpuError> {
        use std::sync::atomic::{AtomicUsize, Ordering};

        let unknown = missing.iter().filter(|shader| self.known(shader).is_none());
        let jobs: Vec<_> = unknown.map(|shader| (shader, self.layout(shader))).collect();
        let next = AtomicUsize::new(0);
        let gpu = &self.wgpu;
        let work = || {
            let jobs = std::iter::from_fn(|| jobs.get(next.fetch_add(1, Ordering::Relaxed)));
            jobs.map(|(shader, layout)| (*shader, create(gpu, layout, shader, &module(gpu, shader))))
                .collect()
        };
        let n_threads = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
        let compiled: Vec<Vec<_>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|thread| thread.join().expect("compiling does not panic")).collect()
        });
        for (shader, pipeline) in compiled.into_iter().flatten() {
            self.keep(shader, pipeline);
        }
        self.check()
    }

    #[cfg(target_arch = "wasm32")]
    fn compile_missing(self: &Rc<Self>, missing: Vec<Shader>) -> Compiling {
        use crate::browser;

        for shader in &missing {
            if self.known(shader).is_some() {
                continue;
            }
            let (module, layout) = (module(&self.wgpu, shader), self.layout(shader));
            let started = browser::start_pipeline(&|| create(&self.wgpu, &layout, shader, &module));
            if let Some(promise) = started {
                self.pipelines
                    .borrow_mut()
                    .insert(shader.text.clone(), Pipeline::UnderWay(module.clone(), promise));
            }
        }
        let device = Rc::clone(self);
        Box::pin(async move {
            for shader in &missing {
                let Some(Pipeline::UnderWay(module, promise)) = device.known(shader) else {
                    device.pipeline(shader);
                    continue;
                };
                let answer = browser::answer(promise).await;
                device.check()?;
                if let Some(Pipeline::Ready(_)) = device.known(shader) {
                    // Another who waited was first.
                    continue;
                }
                let object = answer.map_err(|message| {
                    device.pipelines.borrow_mut().remove(&shader.text);
                    GpuError::Refused { message }
                })?;
                let layout = device.layout(shader);
                let adopted =
                    browser::adopt_pipeline(object, &|| create(&device.wgpu, &layout, shader, &module));
                device.keep(shader, adopted);
            }
            device.check()
        })
    }

    fn known(&self, shader: &Shader) -> Option<Pipeline> {
        self.pipelines.borrow().get(&shader.text).cloned()
    }

    fn keep(&self, shader: &Shader, pipeline: wgpu::ComputePipeline) {
        self.count(|counts| counts.pipelines += 1);
        self.pipelines.borrow_mut().insert(shader.text.clone(), Pipeline::Ready(pipeline));
    }

    fn layout(&self, shader: &Shader) -> wgpu::PipelineLayout {
        self.layouts(shader.n_bound).pipeline
    }
}

fn module(gpu: &wgpu::Device, shader: &Shader) -> wgpu::ShaderModule {
    gpu.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(shader.name),
        source: wgpu::ShaderSource::Wgsl(shader.text.as_str().into()),
    })
}

fn create(
    gpu: &wgpu::Device,
    layout: &wgpu::PipelineLayout,
    shader: &Shader,
    module: &wgpu::ShaderModule,
) -> wgpu::ComputePipeline {
    gpu.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(shader.name),
        layout: Some(layout),
        module,
        entry_point: Some("main"),
        // Every kernel writes its workgroup memory before it reads it.
        compilation_options: wgpu::PipelineCompilationOptions {
            zero_initialize_workgroup_memory: false,
            ..wgpu::PipelineCompilationOptions::default()
        },
        cache: None,
    })
}
