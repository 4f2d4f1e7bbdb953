// Starts Swagger UI on this server's own description. A file of its own, because the page's
// content security policy allows no inline script.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  tryItOutEnabled: true,
  // The default validator is a web site elsewhere that would be shown the description.
  validatorUrl: null,
  // A key typed into "Authorize" lives as long as the page, not in the browser's storage.
  persistAuthorization: false,
});
