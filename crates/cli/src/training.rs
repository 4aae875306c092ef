//! How a network is trained, as arguments. What is not given keeps the library's usual value; what the chosen optimiser
//! or schedule does not take is refused by name.

use clap::{Args, ValueEnum};
use eyre::{Result, bail};
use nn::loss::CrossEntropyLoss;
use nn::optimiser::{Adagrad, AdamW, RMSprop};
use nn::options::Augment;
use nn::schedule::{CosineAnnealingLR, CyclicLR, ExponentialLR, OneCycleLR, StepLR};
use nn::{Initialisation, Loss, Optimiser, Schedule, TrainingOptions};

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OptimiserName {
    /// Stochastic gradient descent
    Sgd,
    /// Adam
    Adam,
    /// Adam with weight decay apart from the gradient
    Adamw,
    /// RMSprop
    Rmsprop,
    /// Adagrad
    Adagrad,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LossName {
    /// CrossEntropyLoss
    CrossEntropy,
    /// NLLLoss, for networks that end in LogSoftmax
    Nll,
    /// MSELoss
    Mse,
    /// L1Loss
    L1,
    /// SmoothL1Loss
    SmoothL1,
    /// BCEWithLogitsLoss
    BceWithLogits,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum InitName {
    /// PyTorch's defaults
    Default,
    /// He and others, uniform
    KaimingUniform,
    /// He and others, normal
    KaimingNormal,
    /// Glorot and Bengio, uniform
    XavierUniform,
    /// Glorot and Bengio, normal
    XavierNormal,
    /// All 0, with which hardly anything is learned
    Zeros,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ScheduleName {
    /// The same rate all along
    Constant,
    /// Times --gamma every --step-size epochs
    Step,
    /// Times --gamma along every epoch
    Exponential,
    /// Down to --eta-min at the end of the run along half a cosine
    Cosine,
    /// Up and down again and again, from --base-lr
    Cyclic,
    /// Up and down once, the momentum the other way round
    OneCycle,
}

/// How a network is trained.
#[derive(Args, Debug)]
pub struct Training {
    /// Images a step
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// What is made small; all but cross-entropy and nll compare with one-hot targets
    #[arg(long, value_enum, default_value = "cross-entropy")]
    loss: LossName,
    /// cross-entropy: how much of the target is spread over all classes alike
    #[arg(long, allow_negative_numbers = true)]
    label_smoothing: Option<f32>,
    /// The factor of the weights' signs that is added to the gradient
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    l1: f32,
    /// The norm of all gradients together to which longer ones are cut
    #[arg(long, value_name = "NORM", allow_negative_numbers = true)]
    clip_grad_norm: Option<f32>,
    /// Layers whose parameters stay as they are, counted from 0, such as 0,3
    #[arg(long, value_name = "LAYERS", value_delimiter = ',')]
    freeze: Vec<usize>,
    /// How the initial weights are drawn
    #[arg(long, value_enum, default_value = "default")]
    init: InitName,
    /// Move every training picture at random by up to so many pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 0)]
    shift: usize,
    #[command(flatten)]
    optimiser: OptimiserFlags,
    #[command(flatten)]
    schedule: ScheduleFlags,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Optimiser")]
struct OptimiserFlags {
    /// The rule that turns gradients into steps
    #[arg(long, visible_alias = "optimizer", value_enum, default_value = "sgd")]
    optimiser: OptimiserName,
    /// The learning rate; where it is not given 0.05 for sgd, 0.01 for adagrad, 0.001 for the others
    #[arg(long, visible_alias = "max-lr", allow_negative_numbers = true)]
    lr: Option<f32>,
    /// sgd, rmsprop: how much of the last step is kept; where it is not given 0.9 for sgd, 0 for rmsprop
    #[arg(long, allow_negative_numbers = true)]
    momentum: Option<f64>,
    /// sgd: how much of the gradient the momentum leaves out
    #[arg(long, allow_negative_numbers = true)]
    dampening: Option<f64>,
    /// sgd: let the momentum look one step ahead
    #[arg(long)]
    nesterov: bool,
    /// adam, adamw: decay of the gradient's mean; 0.9 where it is not given
    #[arg(long, allow_negative_numbers = true)]
    beta1: Option<f64>,
    /// adam, adamw: decay of the squares' mean; 0.999 where it is not given
    #[arg(long, allow_negative_numbers = true)]
    beta2: Option<f64>,
    /// rmsprop: decay of the squares' mean; 0.99 where it is not given
    #[arg(long, allow_negative_numbers = true)]
    alpha: Option<f64>,
    /// rmsprop: divide by the gradient's variance
    #[arg(long)]
    centered: bool,
    /// adagrad: how fast the learning rate falls
    #[arg(long, allow_negative_numbers = true)]
    lr_decay: Option<f64>,
    /// adagrad: what the sums of squares start from
    #[arg(long, allow_negative_numbers = true)]
    initial_accumulator_value: Option<f64>,
    /// All but sgd: keeps the division finite
    #[arg(long, allow_negative_numbers = true)]
    eps: Option<f64>,
    /// The factor of the weights that is added to the gradient, or for adamw taken from the weights; where it is not
    /// given 0.01 for adamw, 0 for the others
    #[arg(long, allow_negative_numbers = true)]
    weight_decay: Option<f64>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Learning rate's schedule, along the epochs of the run")]
struct ScheduleFlags {
    /// How the learning rate changes; for cyclic and one-cycle --lr, alias --max-lr, is the highest
    #[arg(long, value_enum, default_value = "constant")]
    schedule: ScheduleName,
    /// Epochs of a linear rise before the schedule
    #[arg(long, value_name = "EPOCHS", allow_negative_numbers = true)]
    warmup_epochs: Option<f64>,
    /// The part of the rate that the rise starts from; 0.1 where it is not given
    #[arg(long, requires = "warmup_epochs", allow_negative_numbers = true)]
    warmup_start: Option<f64>,
    /// step: epochs between two drops; 1 where it is not given
    #[arg(long, value_name = "EPOCHS", allow_negative_numbers = true)]
    step_size: Option<f64>,
    /// step, exponential: the factor; where it is not given 0.1 for step, 0.5 for exponential
    #[arg(long, allow_negative_numbers = true)]
    gamma: Option<f64>,
    /// cosine: the lowest rate; 0 where it is not given
    #[arg(long, allow_negative_numbers = true)]
    eta_min: Option<f64>,
    /// cyclic: the lowest rate; 0.001 where it is not given
    #[arg(long, allow_negative_numbers = true)]
    base_lr: Option<f64>,
    /// cyclic: epochs of a rise; 0.5 where it is not given
    #[arg(long, value_name = "EPOCHS", allow_negative_numbers = true)]
    step_size_up: Option<f64>,
    /// cyclic: epochs of a fall; as many as of a rise where it is not given
    #[arg(long, value_name = "EPOCHS", allow_negative_numbers = true)]
    step_size_down: Option<f64>,
    /// one-cycle: the part of the run that rises; 0.3 where it is not given
    #[arg(long, allow_negative_numbers = true)]
    pct_start: Option<f64>,
    /// one-cycle: how many times lower than the highest rate it starts; 25 where it is not given
    #[arg(long, allow_negative_numbers = true)]
    div_factor: Option<f64>,
    /// one-cycle: how many times lower than its start it ends; 10,000 where it is not given
    #[arg(long, allow_negative_numbers = true)]
    final_div_factor: Option<f64>,
    /// cyclic, one-cycle: the momentum, or beta1, at the highest rate; where it is not given 0.8 and 0.85
    #[arg(long, allow_negative_numbers = true)]
    base_momentum: Option<f64>,
    /// cyclic, one-cycle: the momentum, or beta1, at the lowest rate; where it is not given 0.9 and 0.95
    #[arg(long, allow_negative_numbers = true)]
    max_momentum: Option<f64>,
    /// cyclic, one-cycle: leave the momentum as it is
    #[arg(long)]
    no_cycle_momentum: bool,
}

impl Training {
    /// The options that these arguments mean for a run of so many epochs, checked.
    pub fn options(&self, seed: u64, epochs: f64) -> Result<TrainingOptions> {
        let optimiser = self.optimiser.choose()?;
        let mut options = TrainingOptions {
            learning_rate: self.optimiser.lr.unwrap_or(optimiser.usual_learning_rate()),
            optimiser,
            batch_size: self.batch,
            seed,
            schedule: self.schedule.choose(&optimiser)?,
            epochs,
            loss: self.loss()?,
            l1: self.l1,
            clip_grad_norm: self.clip_grad_norm,
            frozen: self.freeze.clone(),
            initialisation: self.initialisation(),
            augment: Augment { shift: self.shift },
            ..TrainingOptions::default()
        };
        options.warmup.epochs = self.schedule.warmup_epochs.unwrap_or(options.warmup.epochs);
        options.warmup.start_factor = self.schedule.warmup_start.unwrap_or(options.warmup.start_factor);
        options.check()?;
        Ok(options)
    }

    fn loss(&self) -> Result<Loss> {
        let loss = match self.loss {
            LossName::CrossEntropy => {
                let label_smoothing = self.label_smoothing.unwrap_or(0.0);
                return Ok(Loss::CrossEntropyLoss(CrossEntropyLoss { label_smoothing }));
            }
            LossName::Nll => Loss::NLLLoss,
            LossName::Mse => Loss::MSELoss,
            LossName::L1 => Loss::L1Loss,
            LossName::SmoothL1 => Loss::SmoothL1Loss,
            LossName::BceWithLogits => Loss::BCEWithLogitsLoss,
        };
        if self.label_smoothing.is_some() {
            bail!("--label-smoothing is not an argument of --loss {}", name_of(self.loss));
        }
        Ok(loss)
    }

    const fn initialisation(&self) -> Initialisation {
        match self.init {
            InitName::Default => Initialisation::Default,
            InitName::KaimingUniform => Initialisation::KaimingUniform,
            InitName::KaimingNormal => Initialisation::KaimingNormal,
            InitName::XavierUniform => Initialisation::XavierUniform,
            InitName::XavierNormal => Initialisation::XavierNormal,
            InitName::Zeros => Initialisation::Zeros,
        }
    }
}

impl OptimiserFlags {
    fn choose(&self) -> Result<Optimiser> {
        let mut optimiser = match self.optimiser {
            OptimiserName::Sgd => Optimiser::sgd(),
            OptimiserName::Adam => Optimiser::adam(),
            OptimiserName::Adamw => Optimiser::AdamW(AdamW::default()),
            OptimiserName::Rmsprop => Optimiser::RMSprop(RMSprop::default()),
            OptimiserName::Adagrad => Optimiser::Adagrad(Adagrad::default()),
        };
        let chosen = format!("--optimiser {}", name_of(self.optimiser));
        let given = [
            ("momentum", self.momentum),
            ("dampening", self.dampening),
            ("betas[0]", self.beta1),
            ("betas[1]", self.beta2),
            ("alpha", self.alpha),
            ("lr_decay", self.lr_decay),
            ("initial_accumulator_value", self.initial_accumulator_value),
            ("eps", self.eps),
            ("weight_decay", self.weight_decay),
        ];
        put_all(&chosen, optimiser.numbers_mut(), &given)?;
        for (name, given) in [("nesterov", self.nesterov), ("centered", self.centered)] {
            match optimiser.switch_mut() {
                _ if !given => {}
                Some((switch, on)) if switch == name => *on = true,
                _ => bail!("--{name} is not an argument of {chosen}"),
            }
        }
        Ok(optimiser)
    }
}

impl ScheduleFlags {
    fn choose(&self, optimiser: &Optimiser) -> Result<Schedule> {
        let mut schedule = match self.schedule {
            ScheduleName::Constant => Schedule::Constant,
            ScheduleName::Step => Schedule::StepLR(StepLR::default()),
            ScheduleName::Exponential => Schedule::ExponentialLR(ExponentialLR::default()),
            ScheduleName::Cosine => Schedule::CosineAnnealingLR(CosineAnnealingLR::default()),
            ScheduleName::Cyclic => Schedule::CyclicLR(CyclicLR::default()),
            ScheduleName::OneCycle => Schedule::OneCycleLR(OneCycleLR::default()),
        };
        let chosen = format!("--schedule {}", name_of(self.schedule));
        let given = [
            ("step_size", self.step_size),
            ("gamma", self.gamma),
            ("eta_min", self.eta_min),
            ("base_lr", self.base_lr),
            ("step_size_up", self.step_size_up),
            ("pct_start", self.pct_start),
            ("div_factor", self.div_factor),
            ("final_div_factor", self.final_div_factor),
            ("base_momentum", self.base_momentum),
            ("max_momentum", self.max_momentum),
        ];
        put_all(&chosen, schedule.numbers_mut(), &given)?;
        match (&mut schedule, self.step_size_down) {
            (_, None) => {}
            (Schedule::CyclicLR(cyclic), down) => cyclic.step_size_down = down,
            _ => bail!("--step-size-down is not an argument of {chosen}"),
        }
        match schedule.cycle_momentum_mut() {
            Some(cycle) if self.no_cycle_momentum => *cycle = false,
            None if self.no_cycle_momentum => bail!("--no-cycle-momentum is not an argument of {chosen}"),
            Some(_) if !optimiser.has_momentum() => {
                bail!(
                    "{chosen} cycles the momentum, and {} has none; add --no-cycle-momentum",
                    optimiser.name()
                )
            }
            _ => {}
        }
        Ok(schedule)
    }
}

/// Sets the numbers that are given, and refuses those that do not belong to what is chosen.
fn put_all<T: Number>(
    chosen: &str,
    mut numbers: Vec<(&'static str, &mut T)>,
    given: &[(&str, Option<f64>)],
) -> Result<()> {
    for (name, given) in given {
        let Some(given) = given else { continue };
        if let Some((_, number)) = numbers.iter_mut().find(|(number, _)| number == name) {
            **number = T::from_given(*given);
        } else {
            let taken: Vec<String> = numbers.iter().map(|(name, _)| flag(name)).collect();
            let taken = if taken.is_empty() { "none".to_owned() } else { taken.join(", ") };
            bail!("{} is not an argument of {chosen}, which takes {taken}", flag(name));
        }
    }
    Ok(())
}

/// An argument's flag.
fn flag(name: &str) -> String {
    match name {
        "betas[0]" => "--beta1".to_owned(),
        "betas[1]" => "--beta2".to_owned(),
        name => format!("--{}", name.replace('_', "-")),
    }
}

fn name_of(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// A number that an option holds.
trait Number {
    fn from_given(given: f64) -> Self;
}

impl Number for f32 {
    fn from_given(given: f64) -> Self {
        given as Self
    }
}

impl Number for f64 {
    fn from_given(given: f64) -> Self {
        given
    }
}
