using GraphQL;

namespace Larder.Registry.Graph;

/// <summary>How refusals are worded (generic-packages contract section 5).</summary>
internal static class GraphError
{
    /// <summary>What is not there, or must not be seen or done: one text for all, so that nobody learns which.</summary>
    public static ExecutionError NotAvailable() => new(
        "The resource that you are attempting to access does not exist or you don't have permission to perform this action");
}
