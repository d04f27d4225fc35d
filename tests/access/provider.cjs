// A real OpenID Connect provider (npm `oidc-provider`) for the tests: PORT, then the redirect address.
const path = require("node:path");
const [modules, port, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
(async () => {
  const { default: Provider } = await import(path.join(modules, "oidc-provider", "lib", "index.js"));
  const people = { nina: { name: "Nina Nurse", groups: ["ward-3"] }, mallory: { name: "Mallory", groups: "admins" } };
  const client = (client_id, more) => ({ client_id, client_secret: "a-secret-of-the-appliance-that-is-long-enough", redirect_uris: [redirect],
    grant_types: ["authorization_code"], response_types: ["code"], ...more });
  const provider = new Provider(issuer, {
    clients: [
      client("appliance", { id_token_signed_response_alg: "RS256" }),
      client("shared-secret", { id_token_signed_response_alg: "HS256" }),
      client("other", {}),
    ],
    claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"] },
    conformIdTokenClaims: false,
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "HS256"] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id, ...people[id] }) }),
  });
  provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
})();
