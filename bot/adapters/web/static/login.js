// Asks for the password.

import { current, speak, t } from "./words.js";

const at = (id) => document.getElementById(id);

await speak();
at("heading").textContent = t("web_login_heading");
at("password-label").textContent = t("web_login_password");
at("enter").textContent = t("web_login_enter");

at("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  at("enter").disabled = true;
  const response = await fetch("/login", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ password: at("password").value, language: current() }),
  }).catch(() => null);
  at("enter").disabled = false;
  if (response?.ok) location.assign("/");
  else at("complaint").textContent = await complaint(response);
  at("password").select();
});

async function complaint(response) {
  const answer = await response?.json().catch(() => null);
  return answer?.sentence ?? t("web_trouble");
}
