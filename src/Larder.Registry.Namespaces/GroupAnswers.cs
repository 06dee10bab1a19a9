using Larder.Registry.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Namespaces;

/// <summary>Makes the answers about groups.</summary>
internal sealed class GroupAnswers(NamespaceStore namespaces, LarderOptions options)
{
    /// <summary>One group.</summary>
    public async ValueTask<GroupJson> OfAsync(HttpContext context, Namespace group) => new(
        group, await namespaces.FullNameAsync(group, context.RequestAborted), ExternalUrl.Base(context, options.ExternalUrl));

    /// <summary>A page of groups, with its headers.</summary>
    public async ValueTask<IResult> ListAsync(HttpContext context, Page page, (IReadOnlyList<Namespace> Groups, long Total) found)
    {
        page.WriteHeaders(context, found.Total, options.ExternalUrl, found.Groups.Count);
        var shown = new List<GroupJson>(found.Groups.Count);
        foreach (var group in found.Groups) shown.Add(await OfAsync(context, group));
        return ApiJson.Answer(shown);
    }
}
