// The manifest of a Slack app for the notifier (https://docs.slack.dev/reference/app-manifest), and the link that creates the app.

const SCOPES = {
  public: ["chat:write.public"],
  history: ["channels:history"],
  private: ["groups:history"],
  people: ["users:read", "users:read.email"],
};

/** Features of a bot besides posting. */
export const FEATURES = Object.keys(SCOPES);

/** Returns the scopes that an app needs. `kind` is `webhook` or `bot`, `features` some of `FEATURES`. */
export function scopes(kind, features) {
  if (kind === "webhook") return ["incoming-webhook"];
  return ["chat:write", ...FEATURES.filter((it) => features.includes(it)).flatMap((it) => SCOPES[it])];
}

export function manifest(kind, features) {
  return {
    display_information: {
      name: "pipeline-notifier",
      description: "Posts GitLab pipeline and deployment updates",
      background_color: "#2c2d30",
    },
    features: {
      bot_user: { display_name: "pipeline-notifier", always_online: false },
      // The tab is what direct messages need. Nobody can write back.
      ...(kind !== "webhook" && { app_home: { home_tab_enabled: false, messages_tab_enabled: true, messages_tab_read_only_enabled: true } }),
    },
    oauth_config: { scopes: { bot: scopes(kind, features) } },
    settings: { org_deploy_enabled: false, socket_mode_enabled: false, token_rotation_enabled: false },
  };
}

/** Returns the address where Slack creates an app from a manifest. */
export function link(made, gov) {
  const host = gov ? "api.slack-gov.com" : "api.slack.com";
  return `https://${host}/apps?new_app=1&manifest_json=${encodeURIComponent(JSON.stringify(made))}`;
}
