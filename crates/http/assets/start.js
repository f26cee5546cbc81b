"use strict";

// Everything comes from this server: no validator badge, no remote document.
window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#reference",
    deepLinking: true,
    displayRequestDuration: true,
    docExpansion: "list",
    filter: true,
    queryConfigEnabled: false,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
});
