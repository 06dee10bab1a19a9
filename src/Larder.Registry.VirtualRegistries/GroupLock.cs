using Larder.Registry.Data;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Whoever changes which registries, upstreams and positions a group has holds the group's row: such changes are rare, touch
/// many rows, and with one lock for all of them there is no order of locks to get wrong.
/// </summary>
internal static class GroupLock
{
    /// <summary>Keeps others out until the transaction ends.</summary>
    public static async Task TakeAsync(Session session, long groupId) =>
        await session.ExecuteAsync("update namespaces set id = id where id = @GroupId", new { GroupId = groupId });
}
