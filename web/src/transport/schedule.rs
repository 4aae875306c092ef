use leptos::prelude::*;
use nn::{Schedule, TrainingOptions};

use super::NumberField;
use super::choice::Choice;
use crate::store::Workbench;

/// Points of the sparkline.
const N_POINTS: u64 = 120;
/// The sparkline's size, in its own units.
const SIZE: [f64; 2] = [240.0, 44.0];

/// The schedule, its arguments, and its picture over the run that it plans.
#[component]
pub fn ScheduleSection() -> impl IntoView {
    let workbench = Workbench::get();
    let options = workbench.options;
    let name = Memo::new(move |_| options.with(|o| o.schedule.name()));
    let choose = move |name: String| {
        let Some(mut schedule) = Schedule::all().into_iter().find(|s| s.name() == name) else { return };
        workbench.change_options(|o| {
            if !o.optimiser.has_momentum()
                && let Some(cycle) = schedule.cycle_momentum_mut()
            {
                *cycle = false;
            }
            o.schedule = schedule;
        });
    };
    let numbers = move || {
        name.track();
        let mut schedule = options.with_untracked(|o| o.schedule.clone());
        schedule.numbers_mut().into_iter().map(|(name, _)| argument(name)).collect_view()
    };
    let cycles = move || options.with(|o| o.schedule.clone().cycle_momentum_mut().map(|cycle| *cycle));
    let set_cycle = move |event: web_sys::Event| {
        let on = event_target_checked(&event);
        workbench.change_options(|o| {
            if let Some(cycle) = o.schedule.cycle_momentum_mut() {
                *cycle = on;
            }
        });
    };
    view! {
        <div class="arguments">
            <h3>"Learning rate's schedule"</h3>
            <Choice
                label="schedule"
                testid="schedule"
                names=Schedule::all().map(|s| s.name()).to_vec()
                value=name
                on_change=choose
            />
            <Sparkline/>
            <Epochs
                name="epochs"
                hint="The run that the schedule plans; after it the last rate stays"
                read=|o| o.epochs
                write=|o, x| o.epochs = x
            />
            <Epochs
                name="warmup"
                hint="Epochs of a linear rise before the schedule"
                read=|o| o.warmup.epochs
                write=|o, x| o.warmup.epochs = x
            />
            {numbers}
            {move || cycles().is_some().then(|| view! {
                <label class="field check">
                    <span class="field-label">"cycle_momentum"</span>
                    <input
                        type="checkbox"
                        data-testid="cycle-momentum"
                        prop:checked=move || cycles() == Some(true)
                        on:change=set_cycle
                    />
                </label>
            })}
        </div>
    }
}

fn argument(name: &'static str) -> impl IntoView {
    let workbench = Workbench::get();
    let read = move || {
        let mut schedule = workbench.options.with(|o| o.schedule.clone());
        let numbers = schedule.numbers_mut();
        numbers
            .iter()
            .find(|(found, _)| *found == name)
            .map_or(String::new(), |(_, number)| number.to_string())
    };
    let write = move |x: f64| {
        workbench.change_options(|o| {
            if let Some((_, number)) = o.schedule.numbers_mut().into_iter().find(|(found, _)| *found == name)
            {
                *number = x;
            }
        });
    };
    let is_unused =
        move || name.ends_with("_momentum") && !workbench.options.with(|o| o.schedule.cycles_momentum());
    view! {
        <NumberField
            label=name
            testid=format!("schedule-{name}")
            value=Signal::derive(read)
            disabled=Signal::derive(is_unused)
            width_ch=9
            on_change=Callback::new(write)
        />
    }
}

#[component]
fn Epochs(
    name: &'static str,
    hint: &'static str,
    read: fn(&TrainingOptions) -> f64,
    write: fn(&mut TrainingOptions, f64),
) -> impl IntoView {
    let workbench = Workbench::get();
    view! {
        <NumberField
            label=name
            testid=format!("schedule-{name}")
            hint=hint
            value=Signal::derive(move || workbench.options.with(|o| read(o).to_string()))
            width_ch=9
            on_change=Callback::new(move |x: f64| workbench.change_options(|o| write(o, x)))
        />
    }
}

/// The rate that the next step uses.
pub fn current_rate(workbench: Workbench) -> f64 {
    let (step, per_epoch) = workbench.status.with(|s| (s.step, s.steps_per_epoch));
    workbench.options.with(|o| o.scheduled(step, per_epoch).learning_rate)
}

/// The learning rate over the run that the schedule plans, and where the run stands.
#[component]
fn Sparkline() -> impl IntoView {
    let workbench = Workbench::get();
    let per_epoch = Memo::new(move |_| workbench.status.with(|s| s.steps_per_epoch.max(1)));
    let n_steps = move || workbench.options.with(|o| (o.epochs * per_epoch.get() as f64).round().max(1.0));
    let points = move || {
        let last = (n_steps() - 1.0).max(1.0);
        workbench.options.with(|o| {
            let rates: Vec<f64> = (0..=N_POINTS)
                .map(|i| {
                    let step = (last * i as f64 / N_POINTS as f64).round() as u64;
                    o.scheduled(step, per_epoch.get()).learning_rate
                })
                .collect();
            let top = rates.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
            let point = |(i, rate): (usize, f64)| {
                let x = SIZE[0] * i as f64 / N_POINTS as f64;
                let y = SIZE[1] - (SIZE[1] - 4.0) * rate / top - 2.0;
                format!("{x:.1},{y:.1}")
            };
            rates.into_iter().enumerate().map(point).collect::<Vec<_>>().join(" ")
        })
    };
    let now = move || {
        let step = workbench.status.with(|s| s.step) as f64;
        SIZE[0] * (step / n_steps()).min(1.0)
    };
    let text = move || {
        let epochs = workbench.options.with(|o| o.epochs);
        format!("now {:.2e}, over {epochs} epochs", current_rate(workbench))
    };
    view! {
        <figure class="sparkline">
            <svg
                viewBox=format!("0 0 {} {}", SIZE[0], SIZE[1])
                preserveAspectRatio="none"
                role="img"
                aria-label="Learning rate over the run"
                data-testid="schedule-sparkline"
            >
                <polyline points=points></polyline>
                <line x1=now x2=now y1="0" y2=SIZE[1].to_string()></line>
            </svg>
            <figcaption class="note figures" data-testid="current-learning-rate">{text}</figcaption>
        </figure>
    }
}
