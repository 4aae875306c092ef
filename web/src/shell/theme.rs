use leptos::prelude::*;

use crate::paint::Palette;

const KEY: &str = "receptive-theme";
const CHOICES: [(&str, &str, &str); 3] =
    [("light", "☀", "Light theme"), ("dark", "☾", "Dark theme"), ("system", "◐", "The system's theme")];

/// Light, dark, or as the system says; remembered on this machine.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let storage = move || window().local_storage().ok().flatten();
    let kept = storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
    let kept = kept.filter(|kept| CHOICES.iter().any(|(id, ..)| id == kept));
    let theme = RwSignal::new(kept.unwrap_or_else(|| "system".to_owned()));
    let palette = Palette::signal();

    let media = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
    let system_dark = RwSignal::new(media.as_ref().is_some_and(web_sys::MediaQueryList::matches));
    if let Some(media) = media {
        let changed = move |event: web_sys::MediaQueryListEvent| system_dark.set(event.matches());
        let changed = wasm_bindgen::prelude::Closure::<dyn Fn(web_sys::MediaQueryListEvent)>::new(changed);
        media.set_onchange(Some(wasm_bindgen::JsCast::unchecked_ref(changed.as_ref())));
        changed.forget(); // The switch lives as long as the page.
    }

    Effect::new(move |_| {
        let chosen = theme.get();
        let dark = if chosen == "system" { system_dark.get() } else { chosen == "dark" };
        if let Some(root) = document().document_element() {
            root.set_attribute("data-theme", if dark { "dark" } else { "light" }).unwrap_or_default();
        }
        palette.set(Palette::read());
    });
    let choose = move |id: &'static str| {
        theme.set(id.to_owned());
        if let Some(storage) = storage() {
            storage.set_item(KEY, id).unwrap_or_default(); // Without storage, the choice lasts for this visit.
        }
    };
    view! {
        <div class="group theme" role="group" aria-label="Theme">
            {CHOICES
                .map(|(id, sign, label)| {
                    view! {
                        <button
                            type="button"
                            class="button icon"
                            data-testid=format!("theme-{id}")
                            aria-label=label
                            title=label
                            aria-pressed=move || (theme.get() == id).to_string()
                            on:click=move |_| choose(id)
                        >
                            {sign}
                        </button>
                    }
                })}
        </div>
    }
}
