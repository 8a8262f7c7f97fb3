"""55,986 tasks as a tree, 6 levels of 6: prints nanoseconds a task, the median of a few rounds."""
import asyncio, sys, time

if sys.argv[1] == "uvloop":
    import uvloop
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


async def tree(levels):
    if levels == 0:
        return 1
    return sum([await child for child in [asyncio.create_task(tree(levels - 1)) for _ in range(6)]])


async def main():
    took = []
    for _ in range(int(sys.argv[2])):
        started = time.perf_counter_ns()
        assert await tree(6) == 46_656
        took.append((time.perf_counter_ns() - started) / 55_986)
    print(sorted(took)[len(took) // 2])


asyncio.run(main())
