using System.Text.Json;
using GraphQL;
using GraphQL.Types;
using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;

namespace Larder.Registry.Graph;

/// <summary>What a mutation answers: what it made, or the errors because of which it made nothing.</summary>
internal sealed record Payload(object? Result, params IReadOnlyList<string> Errors)
{
    public static Payload Done { get; } = new(Result: null);
}

/// <summary>The one argument of a mutation.</summary>
internal sealed class MutationInput(IDictionary<string, object?> values)
{
    /// <summary>Whether it was sent, even as null.</summary>
    public bool Has(string name) => values.ContainsKey(name);

    /// <summary>What was sent; null when it was not, or sent as null.</summary>
    public object? this[string name] => values.TryGetValue(name, out var value) ? value : null;

    /// <summary>All of it as a JSON object.</summary>
    public string Described() => JsonSerializer.Serialize(values, ApiJson.Options);

    /// <summary>The numbers of a list of ids.</summary>
    public IReadOnlyList<long> Ids(string name) => [.. ((IEnumerable<object?>)this[name]!).Cast<long>().Distinct()];
}

/// <summary>Where a mutation begins. Each has one input and answers what it did, <c>errors</c> and <c>clientMutationId</c>.</summary>
internal sealed class MutationGraph : ObjectGraphType
{
    public MutationGraph()
    {
        Name = "Mutation";
        SettingsMutations.AddTo(this);
        DestroyMutations.AddTo(this);
    }

    /// <summary>Adds a mutation.</summary>
    /// <param name="name">Its name; those of its input and payload are made of it, as GitLab does.</param>
    /// <param name="eventName">The audit event of its success, one for each place that it acted in.</param>
    /// <param name="input">Adds the fields of the input.</param>
    /// <param name="result">The name and type of what it makes, if it makes something.</param>
    /// <param name="run">Does it.</param>
    public void Add(
        string name, string eventName, Action<InputObjectGraphType> input, (string Name, Type Type)? result,
        Func<IResolveFieldContext, MutationInput, Task<Payload>> run)
    {
        var capital = char.ToUpperInvariant(name[0]) + name[1..];
        var inputType = new InputObjectGraphType { Name = $"{capital}Input" };
        input(inputType);
        inputType.Field<StringGraphType>("clientMutationId");
        var payloadType = new ObjectGraphType<Answered> { Name = $"{capital}Payload" };
        if (result is { } made) payloadType.Field(made.Name, made.Type).Resolve(context => context.Source.Payload.Result);
        payloadType.Field<NonNullGraphType<ListGraphType<NonNullGraphType<StringGraphType>>>>("errors").Resolve(context => context.Source.Payload.Errors);
        payloadType.Field<StringGraphType>("clientMutationId").Resolve(context => context.Source.ClientMutationId);
        Field(name, payloadType)
            .Arguments(new QueryArgument(new NonNullGraphType(inputType)) { Name = "input" })
            .ResolveAsync(async context =>
            {
                // A token that may only read gets as far as the queries.
                if (!context.Caller().Scopes.HasFlag(Scopes.Api)) throw GraphError.NotAvailable();
                var sent = new MutationInput((IDictionary<string, object?>)context.Arguments!["input"].Value!);
                context.User().Places.Clear();
                var payload = await run(context, sent);
                if (payload.Errors.Count == 0) await AuditAsync(context, name, eventName, sent);
                return new Answered(payload, sent["clientMutationId"] as string);
            });
    }

    private static async Task AuditAsync(IResolveFieldContext context, string name, string eventName, MutationInput sent)
    {
        foreach (var place in context.User().Places)
        {
            context.User().Http.Features.Set(place);
            await context.Get<AuditLog>().AddAsync(AuditEvent.Of(context.User().Http, eventName) with
            {
                Target = $"graphql {name}", Parameters = sent.Described(),
            });
        }
    }

    private sealed record Answered(Payload Payload, string? ClientMutationId);
}
