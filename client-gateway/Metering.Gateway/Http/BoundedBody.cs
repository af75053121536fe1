using System.Buffers;
using System.IO.Pipelines;
using Metering.Gateway.Grpc;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Metering.Gateway.Http;

/// <summary>A request's body, whose bytes beyond the first few are counted from when they come until they are read.</summary>
internal sealed class BoundedBody(HttpContext context, IRequestBodyPipeFeature inner, BodyBytes bytes) : PipeReader, IRequestBodyPipeFeature, IDisposable
{
    /// <summary>Bytes of a body that nobody counts.</summary>
    public const int Free = 64 * 1_024;

    private readonly PipeReader _inner = inner.Reader;
    private ReadOnlySequence<byte> _read;
    private long _held;

    public PipeReader Reader => this;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => Counted(await _inner.ReadAsync(cancellationToken));

    public override bool TryRead(out ReadResult result)
    {
        var hasRead = _inner.TryRead(out result);
        result = hasRead ? Counted(result) : result;
        return hasRead;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_held > 0)
        {
            Hold(_read.Slice(consumed).Length);
        }

        _read = default;
        _inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => _inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => _inner.Complete(exception);

    /// <summary>Nobody reads any more.</summary>
    public void Dispose()
    {
        bytes.GiveBack(_held);
        _held = 0;
    }

    private ReadResult Counted(ReadResult result)
    {
        _read = result.Buffer;
        if (_read.Length > Free && !Hold(_read.Length))
        {
            AdvanceTo(_read.End);
            throw context.IsGrpc() ? Refusals.ToException(BodyBytes.Overloaded) : new BodyRefusedException();
        }

        return result;
    }

    /// <summary>Counts so many bytes of it, instead of those that it had.</summary>
    private bool Hold(long unread)
    {
        var more = Math.Max(0, unread - Free) - _held;
        if (more > 0 && !bytes.TryTake(more, _held))
        {
            return false;
        }

        if (more < 0)
        {
            bytes.GiveBack(-more);
        }

        _held += more;
        return true;
    }
}

/// <summary>There is no room for a body; its caller hears <see cref="BodyBytes.Overloaded"/>.</summary>
internal sealed class BodyRefusedException() : IOException(BodyBytes.Overloaded.Detail);
