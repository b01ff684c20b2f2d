SwaggerUIBundle({
  url: "/openapi.json",
  domNode: document.getElementById("openapi"),
  deepLinking: true,
});
