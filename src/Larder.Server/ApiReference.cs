using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Larder.Server;

/// <summary>
/// The description of the API, <c>/-/openapi/v4.json</c>, made from the metadata of the endpoints, and the pages that show it,
/// <c>/-/api</c>. Both are the same for everybody: they tell what the source tells.
/// </summary>
public static class ApiReference
{
    private const string Document = "v4";
    private const string Route = "/-/openapi/{documentName}.json";
    private const string Page = "/-/api";

    /// <summary>What makes the document.</summary>
    public static void AddApiReference(this IServiceCollection services)
    {
        services.AddApiSchemas();
        services.AddOpenApi(Document, Configure);
    }

    /// <summary>The document alone.</summary>
    public static void MapApiDocument(this IEndpointRouteBuilder app) => app.MapOpenApi(Route);

    /// <summary>The document and the pages.</summary>
    public static void MapApiReference(this WebApplication app)
    {
        app.Use((context, next) =>
        {
            if (context.Request.Path.StartsWithSegments(Page, StringComparison.Ordinal)) context.Response.OnStarting(() => SetPolicy(context));
            return next(context);
        });
        app.MapApiDocument();
        app.MapScalarApiReference(Page, options =>
        {
            options.Title = "Larder's API";
            options.OpenApiRoutePattern = Route;
            options.AddDocument(Document);
            options.DefaultFonts = false; // they would come from another host
            options.Telemetry = false;
            options.DisableAgent().DisableMcp().HideClientButton().HideDeveloperTools(); // they lead to services of its maker
            options.WithNonce();
        });
    }

    private static void Configure(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.CreateSchemaReferenceId = ApiSchemas.NameOf;
        options.ShouldInclude = call => call.RelativePath?.StartsWith("api/", StringComparison.Ordinal) is true;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Larder", Version = Verbs.Version,
                Description = "GitLab's REST API for generic packages and Maven virtual registries, and what is needed to run without GitLab.",
            };
            ApiCalls.AddCredentials(document);
            ApiTags.Describe(document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            ApiCalls.Describe(operation, context);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            ApiSchemas.Complete(schema, context.JsonTypeInfo);
            return Task.CompletedTask;
        });
    }

    // Its styles are made by its script, and have no nonce; nothing that others write is shown there.
    private static Task SetPolicy(HttpContext context)
    {
        var scripts = context.Items[ScalarOptions.NonceHttpContextItemKey] is string nonce ? $"'nonce-{nonce}'" : "'none'";
        context.Response.Headers.ContentSecurityPolicy = $"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; "
            + "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
        context.Response.Headers.XFrameOptions = "DENY";
        return Task.CompletedTask;
    }
}
