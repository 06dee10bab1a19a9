using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Larder.Registry.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Larder.Server;

/// <summary>The schemas of the OpenAPI document, which the framework makes of the types that are written as JSON.</summary>
internal static class ApiSchemas
{
    private const string Suffix = "Json";

    // The framework's own mark, by which it makes a choice of nothing and a schema out of the latter's name.
    private const string NullableReference = "x-is-nullable-property";

    /// <summary>Makes them as <see cref="ApiJson"/> writes, with names that are words of the API.</summary>
    public static void AddApiSchemas(this IServiceCollection services) => services.ConfigureHttpJsonOptions(json =>
    {
        // Without its converter of instants: the framework knows what an instant is, and a converter would hide it.
        json.SerializerOptions.PropertyNamingPolicy = ApiJson.Options.PropertyNamingPolicy;
        json.SerializerOptions.NumberHandling = ApiJson.Options.NumberHandling;
        json.SerializerOptions.TypeInfoResolver = ApiJson.Options.TypeInfoResolver;
    });

    /// <summary>The name of the schema of a type; null when it is written where it is used.</summary>
    public static string? NameOf(JsonTypeInfo type) =>
        type.Type == typeof(JsonObject) || OpenApiOptions.CreateDefaultSchemaReferenceId(type) is not { } name ? null : NameOf(name);

    /// <summary>The name of the schema of a type that has one.</summary>
    public static string NameOf(Type type) => NameOf(type.Name);

    /// <summary>
    /// Says what is always there, which is everything but what is left out where it is null, and what may be null, which is nothing
    /// of the latter.
    /// </summary>
    public static void Complete(OpenApiSchema schema, JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object || schema.Properties is null) return;
        var required = new HashSet<string>();
        foreach (var property in type.Properties)
        {
            if (!schema.Properties.TryGetValue(property.Name, out var described)) continue;
            var isOptional = property.AttributeProvider?.GetCustomAttributes(typeof(JsonIgnoreAttribute), inherit: true).Length > 0;
            if (!isOptional) required.Add(property.Name);
            if ((!isOptional && property.IsGetNullable) || described is not OpenApiSchema mine) continue;
            mine.Type &= ~JsonSchemaType.Null;
            mine.Metadata?.Remove(NullableReference);
        }
        schema.Required = required;
    }

    private static string NameOf(string type) => type.EndsWith(Suffix, StringComparison.Ordinal) ? type[..^Suffix.Length] : type;
}
