use leptos::prelude::*;

use crate::figures;
use crate::paint::Scale;
use crate::store::Workbench;

/// How many bars.
const N_BINS: usize = 48;
/// The drawing's height, in its own units.
const HEIGHT: f32 = 40.0;

/// How often a parameter has which value.
#[component]
pub fn Histogram(
    layer_idx: usize,
    /// The parameter's full name.
    name: String,
) -> impl IntoView {
    let workbench = Workbench::get();
    let wanted = name.clone();
    let bars = Memo::new(move |_| {
        let parameters = workbench.parameters(layer_idx);
        parameters.iter().find(|(name, ..)| *name == wanted).map(|(_, _, values)| Bars::of(values))
    });
    view! {
        {move || match bars.get() {
            None => view! { <p class="note">"Too many numbers to travel with every picture, or not there yet."</p> }.into_any(),
            Some(bars) => {
                let most = bars.counts.iter().copied().max().unwrap_or(1).max(1) as f32;
                let path: String = bars
                    .counts
                    .iter()
                    .enumerate()
                    .filter(|(_, count)| **count > 0)
                    .map(|(i, &count)| {
                        let height = (count as f32 / most * HEIGHT).max(0.6);
                        format!("M{i} {HEIGHT}v-{height:.2}h0.9v{height:.2}z")
                    })
                    .collect();
                let [low, high] = bars.range;
                let label = format!("Histogram of {name} from {} to {}", figures::value(low), figures::value(high));
                view! {
                    <svg class="histogram" viewBox=format!("0 0 {N_BINS} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=label>
                        <line class="histogram-zero" x1=N_BINS / 2 x2=N_BINS / 2 y1="0" y2=HEIGHT></line>
                        <path d=path></path>
                    </svg>
                    <div class="histogram-ends">
                        <span>{figures::value(low)}</span>
                        <span>"0"</span>
                        <span>{figures::value(high)}</span>
                    </div>
                }
                .into_any()
            }
        }}
    }
}

/// Counts in equal intervals of a range that is symmetric around zero.
#[derive(Clone, Debug, PartialEq)]
struct Bars {
    counts: Vec<usize>,
    range: [f32; 2],
}

impl Bars {
    fn of(values: &[f32]) -> Self {
        let [_, size] = Scale::of_values(values).range();
        let size = values.iter().fold(size, |size, value| size.max(value.abs())).max(f32::MIN_POSITIVE);
        let mut counts = vec![0; N_BINS];
        for value in values.iter().filter(|value| value.is_finite()) {
            let bin = (value / size + 1.0) / 2.0 * N_BINS as f32;
            counts[(bin as usize).min(N_BINS - 1)] += 1;
        }
        Self { counts, range: [-size, size] }
    }
}
