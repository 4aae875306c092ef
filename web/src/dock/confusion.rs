use leptos::prelude::*;

/// How often each label was taken for each class; shaded by the share of the label's row.
#[component]
pub fn Confusion(
    /// `counts[label][prediction]`.
    counts: Vec<Vec<u32>>,
) -> impl IntoView {
    let n_classes = counts.len();
    let head = (0..n_classes).map(|class| view! { <th scope="col">{class}</th> }).collect_view();
    let rows = counts.into_iter().enumerate().map(|(label, row)| {
        let total = row.iter().sum::<u32>().max(1);
        let cells = row
            .into_iter()
            .enumerate()
            .map(|(class, count)| {
                let share = f64::from(count) / f64::from(total);
                // Few mistakes are what one looks for, so the shade grows with the root.
                let shade = if count == 0 { 0.0 } else { 12.0 + 68.0 * share.sqrt() };
                let kind = if class == label { "right" } else { "wrong" };
                let strong = if shade > 48.0 { "strong" } else { "" };
                view! {
                    <td
                        class=format!("{kind} {strong}")
                        style=format!("--shade: {shade:.0}%")
                        title=format!("{count} pictures of a {label} taken for a {class}")
                    >
                        {count}
                    </td>
                }
            })
            .collect_view();
        view! { <tr><th scope="row">{label}</th>{cells}</tr> }
    });
    view! {
        <div class="scroll-x">
            <table class="confusion" data-testid="confusion">
                <caption class="visually-hidden">"Confusion matrix: one row per label, one column per prediction"</caption>
                <thead><tr><th class="corner" scope="col">"label ╲ says"</th>{head}</tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
}
