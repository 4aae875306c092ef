//! The session's trials: while nothing else is to be done, it finds out which engine is fastest for the network at hand,
//! and moves there before the next run. Where that is a GPU, its shaders are compiled as well.

use protocol::{Asked, BackendChoice, BackendKind, BackendStatus, Trial};

use crate::backend::{outcome, why_no_device};
use crate::engine::{Engine, EngineError};
use crate::session::{Positions, Session, SessionError};
use crate::trial::{self, Candidate, Key};
use crate::workers::Workers;

/// Software adapters are not tried where the CPU's own engine takes longer than this: a single step of theirs could keep
/// the machine busy for seconds.
const MOST_SOFTWARE_MILLIS: f32 = 60.0;

/// Why an engine runs that was not the fastest of several.
pub(crate) const CPU_ASKED: &str = "the CPU was asked for";
pub(crate) const UNTRIED: &str = "the engines are tried while nothing trains";

/// What is to be done before the fastest engine is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Todo {
    Nothing,
    OpenDevice,
    Measure(Candidate),
    Decide,
    Compile,
}

/// What is known of the engines.
#[derive(Debug)]
pub(crate) struct Trials {
    /// The most workers that are tried.
    pub(crate) most_workers: usize,
    /// Why there is no GPU.
    no_device: Option<String>,
    /// For the session's whole life.
    known: Vec<(Key, Vec<Trial>)>,
    /// Whether a shader was refused: the next run says so.
    is_refused: bool,
}

impl Trials {
    pub(crate) const fn new() -> Self {
        Self { most_workers: 1, no_device: None, known: Vec::new(), is_refused: false }
    }
}

impl Session {
    /// Tries up to so many workers where the number is free.
    pub fn set_most_workers(&mut self, most: usize) {
        self.trials.most_workers = most;
    }

    /// Whether an engine is to be tried now: there is nothing else to do, and it is not known which is fastest, or the one in
    /// use has shaders to compile. Then [`Session::try_next`] has something to do.
    pub fn is_trying(&self) -> bool {
        !self.is_busy() && self.todo() != Todo::Nothing
    }

    /// Takes the next step towards knowing the fastest engine: opens the GPU, or times some steps on copies of the weights,
    /// or moves; or compiles the shaders of the engine in use. `turn` is awaited every few milliseconds. The future may be
    /// dropped at any time: nothing of the session has changed then but what is complete, and the trial is made again.
    pub async fn try_next(&mut self, turn: impl AsyncFn()) {
        match self.todo() {
            Todo::Nothing => {}
            Todo::OpenDevice => {
                turn().await;
                self.trials.no_device = self.open_device().await.err().map(why_no_device);
            }
            Todo::Measure(candidate) => {
                let measured = self.try_candidate(candidate, &turn).await;
                if let Err(EngineError::Gpu(gpu::GpuError::Lost { message })) = &measured {
                    self.give_up_device(format!("the GPU was lost: {message}"));
                }
                self.note(candidate, measured.map_err(|error| error.to_string()));
            }
            Todo::Compile => {
                turn().await;
                self.trials.is_refused = self.engine.compile().await.is_err();
            }
            Todo::Decide => {
                if let Err(error) = self.decide().await {
                    self.settled = true;
                    let reason = format!("the fastest engine could not take over: {error}");
                    self.say_backend(BackendStatus { reason, ..self.backend.clone() });
                }
            }
        }
    }

    /// The network, its options or the user's choice are others now: says so, until it is known what is fastest.
    pub(crate) fn try_anew(&mut self) {
        self.settled = false;
        self.trials.is_refused = false;
        let trials = self.eligible();
        let reason = match self.backend.asked {
            // The GPU, or what has to do since it was lost.
            Asked { backend: BackendChoice::Gpu, .. } => self.backend.reason.clone(),
            Asked { backend: BackendChoice::Auto, .. } => UNTRIED.to_owned(),
            Asked { backend: BackendChoice::Cpu, n_workers: Some(_) } => CPU_ASKED.to_owned(),
            Asked { backend: BackendChoice::Cpu, n_workers: None } => format!("{CPU_ASKED}; {UNTRIED}"),
        };
        self.say_backend(BackendStatus { reason, trials, ..self.backend.clone() });
    }

    /// The GPU was lost, and is not tried again before the user asks for it.
    pub(crate) fn give_up_device(&mut self, why: String) {
        self.device = None;
        self.trials.no_device = Some(why);
    }

    /// A GPU that could not be had may be there now.
    pub(crate) fn forget_failure(&mut self) {
        self.trials.no_device = None;
    }

    /// Moves at once where everything is known already, for networks that were there before.
    pub(crate) async fn decide_from_memory(&mut self) -> Result<(), SessionError> {
        if self.run.is_none() && self.todo() == Todo::Decide { self.decide().await } else { Ok(()) }
    }

    fn known(&self) -> &[Trial] {
        let key = Key::of(&self.network, &self.options);
        self.trials.known.iter().find(|(known, _)| *known == key).map_or(&[], |(_, trials)| trials)
    }

    fn worker_counts(&self) -> Vec<usize> {
        match self.backend.asked.n_workers {
            Some(_) => vec![self.workers.n],
            None => trial::worker_counts(self.trials.most_workers, self.options.batch_size),
        }
    }

    /// The trials of what may be chosen, in the order of preference.
    fn eligible(&self) -> Vec<Trial> {
        let known = self.known();
        let mut candidates: Vec<Candidate> = self.worker_counts().into_iter().map(Candidate::Cpu).collect();
        if self.backend.asked.backend == BackendChoice::Auto {
            candidates.push(Candidate::Gpu);
        }
        let of = |candidate: Candidate| known.iter().find(|trial| candidate.is_of(trial)).cloned();
        candidates.into_iter().filter_map(of).collect()
    }

    fn todo(&self) -> Todo {
        let choice = self.backend.asked.backend;
        if self.settled || choice == BackendChoice::Gpu {
            let compiles = !self.engine.is_compiled() && !self.trials.is_refused;
            return if compiles { Todo::Compile } else { Todo::Nothing };
        }
        let with_gpu = choice == BackendChoice::Auto;
        let counts = self.worker_counts();
        let known = self.known();
        let untried = |candidate: &Candidate| !known.iter().any(|trial| candidate.is_of(trial));
        let next_cpu = counts.iter().map(|&n| Candidate::Cpu(n)).find(untried);
        // One engine alone needs no trial, so first it has to be known whether there is a GPU.
        match next_cpu {
            Some(candidate) if counts.len() > 1 => return Todo::Measure(candidate),
            _ => {}
        }
        let device = self.device.as_ref().filter(|device| device.lost().is_none());
        if with_gpu && device.is_none() && self.trials.no_device.is_none() {
            return Todo::OpenDevice;
        }
        if with_gpu && device.is_some() {
            if let Some(candidate) = next_cpu {
                return Todo::Measure(candidate);
            }
            if untried(&Candidate::Gpu) {
                return Todo::Measure(Candidate::Gpu);
            }
        }
        Todo::Decide
    }

    /// Times an engine of its own, so that the session's weights, moments and random streams stay as they are.
    async fn try_candidate(
        &mut self,
        candidate: Candidate,
        turn: &impl AsyncFn(),
    ) -> Result<f32, EngineError> {
        let device = match candidate {
            Candidate::Gpu => self.device.clone(),
            Candidate::Cpu(n_workers) => {
                self.workers.helpers.prepare(n_workers - 1).await.map_err(EngineError::NoWorkers)?;
                None
            }
        };
        if device.as_ref().is_some_and(|device| device.is_software())
            && let Some(millis) = self.known().iter().filter_map(|trial| trial.step_millis).reduce(f32::min)
            && millis > MOST_SOFTWARE_MILLIS
        {
            return Err(EngineError::TooSlowToTry);
        }
        let workers = Workers { n: candidate.n_workers(), ..self.workers.clone() };
        let (images, labels) = self.first_pictures();
        let mut engine = Engine::new(&self.network, &self.options, &workers, device.as_ref())?;
        let batch = (images.as_slice(), labels.as_slice());
        let millis = trial::measure(&mut engine, &self.network, &self.options, batch, turn).await?;
        match engine.take_lost().pop() {
            Some(lost) => Err(EngineError::NoWorkers(lost.to_string())),
            None => Ok(millis),
        }
    }

    /// A batch of training pictures, always the same.
    fn first_pictures(&self) -> (Vec<f32>, Vec<u32>) {
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        let train = Positions::Listed(&self.splits.train);
        let positions = (0..train.len()).cycle().take(self.options.batch_size);
        let positions = positions.filter_map(|idx| train.get(idx));
        let training = &self.dataset.training;
        data::batch::fill_batch(&training.images, &training.labels, positions, &mut images, &mut labels);
        (images, labels)
    }

    fn note(&mut self, candidate: Candidate, measured: Result<f32, String>) {
        let key = Key::of(&self.network, &self.options);
        let trial = outcome(candidate, self.device.as_ref(), measured);
        match self.trials.known.iter_mut().find(|(known, _)| *known == key) {
            Some((_, trials)) => trials.push(trial),
            None => self.trials.known.push((key, vec![trial])),
        }
        let trials = self.eligible();
        self.say_backend(BackendStatus { trials, ..self.backend.clone() });
    }

    /// Moves to the fastest engine, and says why.
    async fn decide(&mut self) -> Result<(), SessionError> {
        let trials = self.eligible();
        let best = match trial::fastest(&trials).map(|idx| &trials[idx]) {
            Some(Trial { kind: BackendKind::Gpu, .. }) => Candidate::Gpu,
            Some(Trial { n_workers, .. }) => Candidate::Cpu(*n_workers),
            None => Candidate::Cpu(self.workers.n),
        };
        let mut problem = self.backend.problem.clone();
        if let Candidate::Cpu(n_workers) = best
            && self.engine.n_workers() < n_workers
        {
            problem = self.workers.helpers.prepare(n_workers - 1).await.err();
        }
        if self.possible(best) != self.candidate() {
            self.move_to(best).await?;
        }
        self.settled = true;
        let auto = self.backend.asked.backend == BackendChoice::Auto;
        let no_device = self.trials.no_device.clone().filter(|_| auto);
        let stands_in = no_device.is_some();
        let asked = (!auto).then(|| CPU_ASKED.to_owned());
        let explained = (!trials.is_empty()).then(|| trial::explain(&trials));
        let reason = [asked, no_device, explained].into_iter().flatten().collect::<Vec<_>>().join("; ");
        let before = self.backend.clone();
        self.say_backend(BackendStatus { reason, stands_in, trials, problem, ..before });
        Ok(())
    }

    /// A candidate with as many workers as it can have.
    fn possible(&self, candidate: Candidate) -> Candidate {
        match candidate {
            Candidate::Gpu => Candidate::Gpu,
            Candidate::Cpu(n) => {
                let workers = Workers { n, ..self.workers.clone() };
                Candidate::Cpu(workers.n_possible().min(self.options.batch_size))
            }
        }
    }
}

#[cfg(test)]
mod tests;
