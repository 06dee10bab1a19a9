using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Larder.Server;

/// <summary>
/// The description of the API, <c>/-/openapi/v4.json</c>, made from the metadata of the endpoints, and the pages that show it,
/// <c>/-/api</c>. Both are the same for everybody: they tell what the source tells.
/// </summary>
internal static class ApiReference
{
    private const string Document = "v4";

    /// <summary>What makes the document.</summary>
    public static void AddApiReference(this IServiceCollection services) => services.AddOpenApi(Document, options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.ShouldInclude = call => call.RelativePath?.StartsWith("api/", StringComparison.Ordinal) is true;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Larder", Version = Verbs.Version,
                Description = "GitLab's REST API for generic packages and Maven virtual registries, and what is needed to run without GitLab.",
            };
            ApiCalls.AddCredentials(document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            ApiCalls.Describe(operation, context);
            return Task.CompletedTask;
        });
    });

    /// <summary>The document and the pages.</summary>
    public static void MapApiReference(this WebApplication app)
    {
        app.MapOpenApi("/-/openapi/{documentName}.json");
        app.MapScalarApiReference("/-/api", options =>
        {
            options.Title = "Larder's API";
            options.OpenApiRoutePattern = "/-/openapi/{documentName}.json";
            options.AddDocument(Document);
            options.DefaultFonts = false; // they would come from another host
        });
    }
}
